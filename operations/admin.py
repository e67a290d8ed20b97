"""What failed for good, for operators: to look at, to put back, to let go."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from operations import services
from operations.models import DeadLetter


class Standing(admin.SimpleListFilter):
    """Dead ones first of all: the settled are history."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("asked", "put back"), ("settled", "settled"), ("all", "all")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield (
                {**choice, "display": "dead"}
                if choice["query_string"] == changelist.get_query_string(remove=[self.parameter_name])
                else choice
            )

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset
        if self.value() == "settled":
            return queryset.filter(settled_at__isnull=False)
        return queryset.asked() if self.value() == "asked" else queryset.dead()


@admin.register(DeadLetter)
class DeadLetterAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "error", "failures", "first_failed_at", "last_failed_at", "standing")
    list_filter = (Standing, "task")
    readonly_fields = (
        "task", "arguments", "error", "trace", "failures", "first_failed_at", "last_failed_at", "asked_at", "tries",
        "settled_at",
    )  # fmt: skip
    exclude = ("busy_until",)
    actions = ("put_back", "let_go")

    @admin.display(description="standing")
    def standing(self, letter: DeadLetter) -> str:
        if letter.settled_at:
            return "settled"
        return "put back" if letter.asked_at else "dead"

    @admin.action(description="Put back: do it again", permissions=["change"])
    def put_back(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        chosen = list(letters)
        count = services.put_back(letters=[one.pk for one in chosen], now=timezone.now())
        self._note(request, chosen, "Put back.")
        self.message_user(request, f"{count} of {len(chosen)} will be done again within a minute.", messages.SUCCESS)

    @admin.action(description="Let go: it need not be done", permissions=["change"])
    def let_go(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        chosen = list(letters)
        count = services.let_go(letters=[one.pk for one in chosen], now=timezone.now())
        self._note(request, chosen, "Let go.")
        self.message_user(request, f"{count} of {len(chosen)} were let go.", messages.SUCCESS)

    def _note(self, request: HttpRequest, letters: list[DeadLetter], what: str) -> None:
        LogEntry.objects.log_actions(request.user.pk, letters, CHANGE, change_message=what)  # type: ignore[arg-type]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:
        return False
