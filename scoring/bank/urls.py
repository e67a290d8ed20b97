"""Addresses below /bank/exams/<code>/; for authors, and 404 for everybody else."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
