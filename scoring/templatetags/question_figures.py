"""Figures of questions as text."""

from __future__ import annotations

from django import template

from scoring.reports import question_words

register = template.Library()

register.filter("fixed", question_words.fixed)
register.filter("percent", question_words.percent)
