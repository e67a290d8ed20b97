"""Results to look at. Nobody changes one by hand: a regrade is a new version."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from questions.admin import ReadOnly
from scoring.models import DomainResult, Result


class DomainInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = DomainResult
    fields = ("domain", "correct", "scored", "expected", "meets", "too_close")
    ordering = ("domain__number",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("domain")


@admin.register(Result)
class ResultAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "person", "exam", "paper", "created_at", "version", "current", "raw", "scaled", "passed", "seen_before",
        "simulated",
    )  # fmt: skip
    list_filter = ("sitting__exam", "current", "passed", "provisional", "sitting__simulated")
    list_select_related = ("sitting__user", "sitting__exam", "sitting__form")
    search_fields = ("sitting__user__email", "sitting__id")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    inlines = (DomainInline,)

    @admin.display(ordering="sitting__user__email")
    def person(self, result: Result) -> str:
        return result.sitting.user.email

    @admin.display(ordering="sitting__exam__code")
    def exam(self, result: Result) -> str:
        return result.sitting.exam.code

    @admin.display(description="form")
    def paper(self, result: Result) -> str:
        return result.sitting.form.code

    @admin.display(ordering="sitting__simulated", boolean=True)
    def simulated(self, result: Result) -> bool:
        return result.sitting.simulated

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here; but whoever may delete a person deletes their results with them."""
        match = request.resolver_match
        here = match is None or (match.url_name or "").startswith("scoring_result")
        return not here and admin.ModelAdmin.has_delete_permission(self, request, obj)
