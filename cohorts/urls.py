from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cohorts.views import members, running

urlpatterns: list[URLPattern | URLResolver] = [
    path("cohorts/", running.cohorts, name="cohorts"),
    path("cohorts/new/", running.cohort_new, name="cohort_new"),
    path("cohorts/<uuid:cohort_id>/", running.cohort, name="cohort"),
    path("cohorts/<uuid:cohort_id>/members/", members.cohort_members, name="cohort_members"),
]
