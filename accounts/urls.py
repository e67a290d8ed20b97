from __future__ import annotations

from django.urls import URLPattern, path

from accounts import views

urlpatterns: list[URLPattern] = [
    path("", views.profile, name="account_profile"),
    path("accommodation/", views.accommodation, name="account_accommodation"),
    path("delete/", views.delete, name="account_delete"),
]
