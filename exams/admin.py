"""Forms and sittings to look at. A form can be taken out of the pool; a sitting is changed by its services only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Field
from django.http import HttpRequest

from exams.models import Form, ScoreTable, Seat, Sitting
from questions.admin import ReadOnly, Rows


def about(request: HttpRequest, model: str) -> bool:
    """Whether this request is for the admin's own pages of the model, and not for those of a person."""
    match = request.resolver_match
    return match is None or (match.url_name or "").startswith(f"exams_{model}_")


class SeatRows(Rows):
    model = Seat
    fields = ("number", "revision", "task", "scored", "kind")
    related = ("revision__question", "task")


class ScoreTableRows(Rows):
    model = ScoreTable
    fields = ("version", "created_at", "reason", "minimum_passing_raw", "maximum_raw", "expected_at_cut", "provisional")


@admin.register(Form)
class FormAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("paper", "exam", "state", "reference", "owner", "relaxed", "created_at")
    list_filter = ("exam", "state", "reference")
    list_select_related = ("exam", "owner")
    search_fields = ("number", "owner__email")
    fields = ("state", "exam", "number", "reference", "owner", "relaxed", "created_at")
    inlines = (ScoreTableRows, SeatRows)

    @admin.display(ordering="number", description="form")
    def paper(self, form: Form) -> str:
        return form.code

    def get_readonly_fields(self, request: HttpRequest, obj: Form | None = None) -> tuple[str, ...]:
        """A form made for one person stays that person's."""
        return self.fields[0 if obj and obj.owner_id else 1 :]

    def formfield_for_choice_field(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["choices"] = [(state.value, state.label) for state in (Form.State.POOL, Form.State.RETIRED)]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here; but whoever may delete a person deletes that person's own forms too."""
        return not about(request, "form") and super().has_delete_permission(request, obj)


@admin.register(Sitting)
class SittingAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "user", "exam", "paper", "state", "started_at", "deadline", "ended_at", "end_reason")
    list_filter = ("exam", "state", "end_reason")
    list_select_related = ("user", "exam", "form")
    search_fields = ("id", "user__email")
    date_hierarchy = "started_at"

    @admin.display(ordering="form__number", description="form")
    def paper(self, sitting: Sitting) -> str:
        return sitting.form.code

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here; but whoever may delete a person deletes that person's sittings too."""
        return not about(request, "sitting") and admin.ModelAdmin.has_delete_permission(self, request, obj)
