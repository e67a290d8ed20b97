"""A question's labels for authors: tags, notes, places in exams, enemies and its case study."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import author_required
from accounts.models import User
from exams.access import person
from questions.models import Exam, Question, Scenario, Task, Topic
from questions.services import labels, scenarios
from questions.services.base import MOST_SAID, Changed, Refused
from scoring.reports import labels as report

MOST_DIGITS = 9
MOST_ID = 61

Act = Callable[[Question, QueryDict, User], str]


@author_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_labels(request: HttpRequest, public_id: str) -> HttpResponse:
    """Everything about a question but its wording; each POST changes one thing."""
    question = get_object_or_404(Question.objects.select_related("scenario"), public_id=public_id)
    if request.method != "POST":
        return _page(request, question)
    act = request.POST.get("act", "")
    try:
        if act not in ACTS:
            raise Refused("Please use one of the buttons of this page.")
        said = ACTS[act](question, request.POST, person(request))
    except Refused as refused:
        question.refresh_from_db()
        status = 409 if isinstance(refused, Changed) else 422
        return _page(request, question, act=act, refused=str(refused), status=status)
    messages.success(request, said)
    return redirect(f"{request.path}#{act.partition('-')[0]}")


def _tags(question: Question, posted: QueryDict, by: User) -> str:
    """By what was added and taken away, so that tags that others set meanwhile stay."""
    wanted, was = (_words(posted.get(name, "")) for name in ("tags", "was"))
    changed = labels.retag(questions=[question], add=wanted - was, remove=was - wanted, by=by)
    return "The tags were changed." if changed else "Nothing was changed: the tags are the same."


def _notes(question: Question, posted: QueryDict, by: User) -> str:
    labels.set_notes(question=question, notes=posted.get("notes", ""), was=posted.get("was", ""), by=by)
    return "The notes were saved."


def _place(question: Question, posted: QueryDict, by: User) -> str:
    task = Task.objects.select_related("exam").filter(pk=_number(posted.get("task", ""))).first()
    if task is None:
        raise Refused("Please choose a task.")
    ticked = [_number(one) for one in posted.getlist("topic")]
    # Topics of the task that it leaves say nothing about the new one.
    topics = list(Topic.objects.filter(pk__in=ticked, task=task))
    labels.place(question=question, exam=task.exam, task=task, topics=topics, by=by)
    return f"The question stands in task {task.code} of {task.exam.code}."


def _remove(question: Question, posted: QueryDict, by: User) -> str:
    exam = Exam.objects.filter(code=_id(posted, "exam")).first()
    if exam is None:
        raise Refused("There is no such exam.")
    labels.remove_from_exam(question=question, exam=exam, by=by)
    return f"New forms of {exam.code} do not draw the question any more."


def _enemy(question: Question, posted: QueryDict, by: User) -> str:
    other = _other(posted)
    labels.make_enemies(first=question, second=other, by=by)
    return f"No form will hold this question and {other.public_id}."


def _peace(question: Question, posted: QueryDict, by: User) -> str:
    other = _other(posted)
    labels.make_peace(first=question, second=other, by=by)
    return f"A form may hold this question and {other.public_id} again."


def _scenario(question: Question, posted: QueryDict, by: User) -> str:
    wanted = _id(posted, "scenario")
    scenario = Scenario.objects.filter(public_id=wanted).first()
    if wanted and scenario is None:
        raise Refused(f"There is no case study {wanted}.")
    scenarios.set_scenario(question=question, scenario=scenario, by=by)
    return f"The question belongs to {scenario.public_id}." if scenario else "The question stands alone."


ACTS: dict[str, Act] = {
    "tags": _tags,
    "notes": _notes,
    "places": _place,
    "places-remove": _remove,
    "enemies": _enemy,
    "enemies-peace": _peace,
    "scenario": _scenario,
}


def _words(text: str) -> set[str]:
    """Tags as they are typed: with commas, spaces or line ends between them."""
    return set(text.lower().replace(",", " ").split())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else 0


def _id(posted: QueryDict, name: str) -> str:
    return posted.get(name, "").replace("\0", "").strip()[:MOST_ID]


def _other(posted: QueryDict) -> Question:
    wanted = _id(posted, "other").lower()
    found = Question.objects.filter(public_id=wanted).first()
    if found is None:
        raise Refused(f"There is no question {wanted}." if wanted else "Please give the id of the other question.")
    return found


def _page(
    request: HttpRequest, question: Question, *, act: str = "", refused: str = "", status: int = 200
) -> HttpResponse:
    """`act` is what was refused; what was typed for it stays."""
    typed = {name: request.POST.get(name, "") for name in request.POST} if refused else {}
    context: dict[str, Any] = {
        "section": "bank",
        "question": question,
        "detail": report.detail_of(question),
        "act": act,
        "refused": refused,
        "typed": typed,
        "changed": status == 409,
        "most_notes": MOST_SAID,
    }
    return render(request, "bank/labels.html", context, status=status)
