from __future__ import annotations

from django.urls import URLPattern, path

from exams import views

urlpatterns: list[URLPattern] = [
    # The two that nearly every request asks for: addresses are tried one after the other.
    path("sittings/<uuid:sitting_id>/changes/", views.changes, name="sitting_changes"),
    path("sittings/<uuid:sitting_id>/pulse/<str:token>/", views.pulse, name="sitting_pulse"),
    path("exams/<slug:code>/begin/", views.begin, name="exam_begin"),
    path("exams/<slug:code>/prepare/", views.prepare, name="exam_prepare"),
    path("service-worker.js", views.service_worker, name="service_worker"),
    path("sittings/<uuid:sitting_id>/", views.sitting, name="sitting"),
    path("sittings/<uuid:sitting_id>/claim/", views.claim, name="sitting_claim"),
    path("sittings/<uuid:sitting_id>/status/", views.status, name="sitting_status"),
    path("sittings/<uuid:sitting_id>/abandon/", views.abandon, name="sitting_abandon"),
]
