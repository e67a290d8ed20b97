"""All addresses. A page lives in the highest room it needs, whatever its prefix."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import reports, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("exams.urls")),  # first: every save looks for its address here
    path("", views.home, name="home"),
    path("", include("cohorts.urls")),
    path("", include("scoring.urls")),
    path("", include("questions.urls")),
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("csp-reports/", reports.csp_report, name="csp_reports"),
    path("metrics", views.metrics, name="metrics"),
]

handler400 = "config.refusals.bad_request"
handler403 = "config.refusals.forbidden"
handler404 = "config.refusals.not_found"
handler500 = "config.refusals.failed"
