"""Forms and sittings to look at. A form can be taken out of the pool; of a sitting staff may change the clock."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from exams import clock_page
from exams.models import Event, Form, ScoreTable, Seat, Sitting
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
    list_display = (
        "user", "code", "paper", "state", "deadline", "granted_minutes", "paused", "supervised", "started_at",
        "ended_at", "end_reason", "simulated",
    )  # fmt: skip
    list_filter = ("exam", "state", "end_reason", "assigned", "void", "simulated")
    list_select_related = ("user", "exam", "form")
    search_fields = ("id", "user__email")
    date_hierarchy = "started_at"
    actions = (clock_page.GRANT.action, clock_page.PAUSE.action, clock_page.RESUME.action)
    fieldsets = (
        (None, {"fields": ("user", "exam", "form", "state", "simulated")}),
        (
            "Clock",
            {
                "fields": (
                    "started_at", "limit_minutes", "multiplier", "extra_minutes", "granted_minutes", "paused",
                    "paused_at", "paused_seconds", "window_ends_at", "deadline", "supervised",
                )
            },
        ),
        ("End", {"fields": ("ended_at", "end_reason", "end_sequence", "closes_at", "closed_at", "grace_seconds")}),
        (
            "Assignment",
            {
                "fields": (
                    "assigned", "results_at", "results_held", "review_at", "review_held", "void", "reopened_at",
                    "notices",
                )
            },
        ),
        ("Answers", {"fields": ("claim", "last_seat", "saved_at", "open_conflicts")}),
        ("Timeline", {"fields": ("course",)}),
    )  # fmt: skip
    readonly_fields = ("paused", "course")

    class Media:
        css = {"all": ("css/admin.css",)}  # noqa: RUF012  # as Django wants it

    @admin.display(ordering="exam__code", description="exam")
    def code(self, sitting: Sitting) -> str:
        return sitting.exam.code

    @admin.display(ordering="form__number", description="form")
    def paper(self, sitting: Sitting) -> str:
        return sitting.form.code

    @admin.display(boolean=True)
    def paused(self, sitting: Sitting) -> bool:
        return sitting.is_paused

    @admin.display(description="what happened")
    def course(self, sitting: Sitting) -> str:
        """Events have a composite key, which inlines cannot show. One statement."""
        events = Event.objects.filter(sitting=sitting).order_by("number")
        return render_to_string("admin/exams/sitting/events.html", {"events": events})

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here; but whoever may delete a person deletes that person's sittings too."""
        return not about(request, "sitting") and admin.ModelAdmin.has_delete_permission(self, request, obj)

    def has_clock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("exams.change_sitting")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """All that can be posted here are changes of clocks."""
        if request.method == "POST" and not self.has_clock_permission(request):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    @admin.action(description=clock_page.GRANT.title, permissions=["clock"])
    def grant_minutes(self, request: HttpRequest, chosen: QuerySet[Sitting]) -> HttpResponse | None:
        return clock_page.respond(self, request, chosen, clock_page.GRANT)

    @admin.action(description=clock_page.PAUSE.title, permissions=["clock"])
    def pause_clock(self, request: HttpRequest, chosen: QuerySet[Sitting]) -> HttpResponse | None:
        return clock_page.respond(self, request, chosen, clock_page.PAUSE)

    @admin.action(description=clock_page.RESUME.title, permissions=["clock"])
    def resume_clock(self, request: HttpRequest, chosen: QuerySet[Sitting]) -> HttpResponse | None:
        return clock_page.respond(self, request, chosen, clock_page.RESUME)
