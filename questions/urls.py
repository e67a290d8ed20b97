from __future__ import annotations

from django.urls import URLPattern, re_path

from questions import views

urlpatterns: list[URLPattern] = [
    # As `Image.address` says it, which stands in published wordings.
    re_path(r"^images/(?P<sha256>[0-9a-f]{64})\.(?P<extension>[a-z]{3,4})$", views.image, name="question_image"),
]
