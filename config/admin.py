"""The admin's site: Django's own, but for what its forms do not look at before they use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters, ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class Site(admin.AdminSite):
    """Every list on it refuses an action on rows whose keys cannot be any, and years that are none."""

    def register(
        self, model_or_iterable: Any, admin_class: type[ModelAdmin[Any]] | None = None, **options: Any
    ) -> None:
        models: Iterable[type[Model]] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        )
        given = admin_class or ModelAdmin
        super().register(models, type(given.__name__, (Careful, given), {"__module__": given.__module__}), **options)


class Careful:
    """Django hands the chosen keys to the database, and the year of an address to `datetime`, as they come."""

    model: type[Model]

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            found: ChangeList = super().get_changelist_instance(request)  # type: ignore[misc]
        except OverflowError as beyond:
            raise IncorrectLookupParameters(str(beyond)) from beyond
        return found

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        key = self.model._meta.pk
        try:
            for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
                key.to_python(chosen.replace("\0", "�"))
        except ValidationError:
            messages.warning(request, "There is no such row, so nothing was changed.")
            return None
        done: HttpResponseBase | None = super().response_action(request, queryset)  # type: ignore[misc]
        return done
