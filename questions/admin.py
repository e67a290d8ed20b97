"""The bank to look at, for rare repairs. Wordings and standings come from packs and from scoring, never from here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from questions.models import (
    Domain,
    Exam,
    KindShare,
    Option,
    Placement,
    Prompt,
    Question,
    Rating,
    Reference,
    Revision,
    Standing,
)


class ReadOnly:
    """No row is added, changed or deleted on these pages."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Rows(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of another table on the page of what they belong to, in a constant number of statements."""

    related: tuple[str, ...] = ()
    many: tuple[str, ...] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).prefetch_related(*self.many)
        return rows.select_related(*self.related) if self.related else rows


class KindShareRows(Rows):
    model = KindShare
    fields = ("kind", "form_minimum", "form_maximum", "scored_minimum", "scored_maximum")


class DomainRows(Rows):
    model = Domain
    fields = ("code", "title", "weight")


class PlacementRows(Rows):
    model = Placement
    fields = ("exam", "task", "topics")
    related = ("exam", "task")
    many = ("topics",)


class RevisionRows(Rows):
    model = Revision
    fields = ("number", "state", "kind", "published_at")
    show_change_link = True


class OptionRows(Rows):
    model = Option
    fields = ("number", "text", "correct", "position", "rationale")


class PromptRows(Rows):
    model = Prompt
    fields = ("number", "text", "option", "rationale")
    related = ("option",)


class ReferenceRows(Rows):
    model = Reference
    fields = ("title", "url")


class StandingRows(Rows):
    model = Standing
    fields = ("exam", "status", "rating", "discrimination", "intercept", "first_exposures")
    related = ("exam",)


class RatingRows(Rows):
    model = Rating
    fields = ("exam", "judge", "round", "value", "rated_on", "method")
    related = ("exam",)


@admin.register(Exam)
class ExamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whether an exam is offered can be decided here; its facts come from the studio or from its pack."""

    list_display = ("code", "name", "offered", "retake_after_days", "minutes", "questions", "pass_mark", "as_of")
    list_filter = ("offered",)
    search_fields = ("code", "name")
    fields = (
        "offered", "retake_after_days", "code", "name", "level", "status", "as_of", "minutes", "language_minutes",
        "questions", "scored", "scale_minimum", "pass_mark", "scale_maximum",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name not in ("offered", "retake_after_days"))
    inlines = (KindShareRows, DomainRows)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Question)
class QuestionAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("public_id", "scenario", "created_at")
    list_filter = ("placements__exam",)
    list_select_related = ("scenario",)
    search_fields = ("public_id",)
    inlines = (PlacementRows, RevisionRows)


@admin.register(Revision)
class RevisionAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("question", "number", "state", "kind", "published_at")
    list_filter = ("state", "kind", "standings__exam")
    list_select_related = ("question",)
    search_fields = ("question__public_id", "stem")
    ordering = ("question__public_id", "-number")
    fields = ("question", "number", "state", "kind", "scenario_revision", "stem", "published_at", "author", "digest")
    inlines = (OptionRows, PromptRows, ReferenceRows, StandingRows, RatingRows)


@admin.register(Standing)
class StandingAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("revision", "exam", "status", "rating", "discrimination", "intercept", "first_exposures")
    list_filter = ("exam", "status")
    list_select_related = ("revision__question", "exam")
    search_fields = ("revision__question__public_id",)
    ordering = ("exam__code", "revision__question__public_id")
