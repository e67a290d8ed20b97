"""The forms of an exam's outline: the exam, a share for each kind, domains with their tasks as formsets inside.

Everything works without scripts: a button that adds, moves or drops a line posts the page, and gets it back changed but
not saved. So what was typed exists in two ways: as a `Sheet` (text in any state) and, once valid, as a Specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BaseFormSet, BoundField, formset_factory

from questions.kinds import Problem
from questions.specification import (
    KIND_LABELS,
    MOST_DOMAINS,
    MOST_TASKS,
    DomainLine,
    KindRange,
    Specification,
    TaskLine,
    TopicLine,
)
from scoring.bank.outline_sheet import Sheet

LONGEST = 6_000
NUMBERED = re.compile(r"(\d{1,3})[.)]\s+(\S.*)")
ENDS = ("form_minimum", "form_maximum", "scored_minimum", "scored_maximum")


def number(label: str, help_text: str = "", *, required: bool = True, **attributes: str) -> forms.IntegerField:
    more = {name.replace("_", "-"): value for name, value in attributes.items()}
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", **more})
    return forms.IntegerField(label=label, help_text=help_text, required=required, widget=widget)


@dataclass(frozen=True, slots=True)
class Line:
    """What stands beside a domain or task: its code, if it has one already, and the buttons that can do something.

    `at` is its place as the buttons send it: "1" for the second domain, "1-0" for that one's first task.
    """

    at: str
    code: str = ""
    up: bool = False
    down: bool = False
    drop: bool = False

    @property
    def spoken(self) -> str:
        domain, _, task = self.at.partition("-")
        return f"task {int(task) + 1} of domain {int(domain) + 1}" if task else f"domain {int(domain) + 1}"

    @property
    def buttons(self) -> dict[str, str]:
        """Their ids, which are what they send."""
        return {verb: f"{verb}-{self.at}" for verb in ("add", "up", "down", "drop")}


class ExamForm(forms.Form):
    """Everything about an exam but its kinds and its outline."""

    code = forms.CharField(
        label="Code", max_length=21, help_text="Capital letters, digits and hyphens. Addresses and packs go by it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    name = forms.CharField(label="Name", max_length=300)
    level = forms.CharField(label="Level", max_length=300, help_text="Such as Foundation, Associate or Professional.")
    status = forms.CharField(
        label="How things stand with the real exam", max_length=300, help_text="One sentence, shown to candidates."
    )
    as_of = forms.DateField(label="Facts checked on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    minutes = number("Minutes")
    language_minutes = number("Second-language minutes", "Extra time that the provider grants.")
    questions = number("Questions on a form")
    scored = number("Of them scored", "The others try out new questions.")
    scale_minimum = number("Lowest score")
    pass_mark = number("Pass mark")
    scale_maximum = number("Highest score")
    offered = forms.BooleanField(
        label="Offered to candidates", required=False,
        help_text="Unticked it is a draft, or archived: sittings and results stay. Once it is offered, forms are made, "
        "and with the first one counts, scale, pass mark, domains and weights are fixed.",
    )  # fmt: skip
    retake_after_days = number("Days before a retake", "0: at any time.")


class ShareForm(forms.Form):
    """How many questions of a kind; empty when the exam has none."""

    form_minimum = number("Fewest on a form", required=False)
    form_maximum = number("Most on a form", required=False)
    scored_minimum = number("Fewest scored", required=False)
    scored_maximum = number("Most scored", required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, kind: str, initial: dict[str, Any]) -> None:
        super().__init__(data, prefix=f"kind-{kind}", initial=initial, use_required_attribute=False)
        self.kind, self.label = kind, KIND_LABELS[kind]

    def clean(self) -> dict[str, Any]:
        given = [name for name in ENDS if self.cleaned_data.get(name) is not None]
        if given and not self.errors:
            for name in ENDS:
                if name not in given:
                    self.add_error(name, "Fill in all four numbers, or none.")
        return self.cleaned_data


class TaskForm(forms.Form):
    """A task statement and its topics, a line each."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label="Title", max_length=300)
    topics = forms.CharField(
        label="Topics", required=False, max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One on each line. A number before it, such as “2.”, is its name for questions and packs.",
    )  # fmt: skip
    line: Line

    def clean_topics(self) -> list[tuple[int | None, str]]:
        lines = [" ".join(line.split()) for line in self.cleaned_data["topics"].splitlines()]
        found = [(NUMBERED.fullmatch(line), line) for line in lines if line]
        return [(int(match[1]), match[2]) if match else (None, line) for match, line in found]


TaskFormSet: type[BaseFormSet[TaskForm]] = formset_factory(
    TaskForm, extra=0, max_num=MOST_TASKS, absolute_max=MOST_TASKS, validate_max=True
)


class DomainForm(forms.Form):
    """A weighted domain, with the formset of its tasks."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label="Title", max_length=300)
    weight = number("Weight, per cent", data_weight="")
    line: Line

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.problems: list[str] = []  # of its tasks as a whole
        self.tasks = TaskFormSet(
            self.data if self.is_bound else None,
            prefix=f"{self.prefix}-task",
            initial=self.initial.get("tasks", []),
            form_kwargs={"empty_permitted": False},
        )


DomainFormSet: type[BaseFormSet[DomainForm]] = formset_factory(
    DomainForm, extra=0, max_num=MOST_DOMAINS, absolute_max=MOST_DOMAINS, validate_max=True
)


class OutlineForms:
    """All forms of the page: filled from a sheet, or bound to what was sent."""

    def __init__(self, *, sheet: Sheet | None = None, data: Mapping[str, Any] | None = None) -> None:
        sheet = sheet or Sheet()
        self.exam = ExamForm(data, initial=sheet.exam, use_required_attribute=False)
        self.shares = [ShareForm(data, initial=sheet.shares.get(kind, {}), kind=kind) for kind in KIND_LABELS]
        self.domains = DomainFormSet(
            data, initial=sheet.domains, prefix="domain", form_kwargs={"empty_permitted": False}
        )  # fmt: skip
        self.problems: dict[str, list[str]] = {"": [], "shares": [], "domains": []}  # of no single field

    @property
    def sheet(self) -> Sheet:
        """What stands in the fields now, valid or not."""
        return Sheet(
            exam=_raw(self.exam),
            shares={share.kind: _raw(share) for share in self.shares},
            domains=[
                {**_raw(domain), "tasks": [_raw(task) for task in domain.tasks.forms]} for domain in self.domains.forms
            ],
        )

    def is_valid(self) -> bool:
        parts: list[forms.BaseForm | BaseFormSet[Any]] = [self.exam, *self.shares, self.domains]
        parts += [domain.tasks for domain in self.domains.forms]
        return len([part for part in parts if part.is_valid()]) == len(parts)  # all are asked, so all show errors

    def specification(self, before: Specification | None = None) -> Specification:
        """What was typed, once it is valid. New topics never take a number that `before` has for the task."""
        known = {task.id: [topic.number for topic in task.topics] for task in before.tasks} if before else {}
        return Specification(
            **self.exam.cleaned_data,
            shares=tuple(
                KindRange(
                    share.kind,
                    (share.cleaned_data["form_minimum"], share.cleaned_data["form_maximum"]),
                    (share.cleaned_data["scored_minimum"], share.cleaned_data["scored_maximum"]),
                )
                for share in self.shares
                if share.cleaned_data.get("form_minimum") is not None
            ),
            domains=tuple(
                DomainLine(
                    title=domain.cleaned_data["title"],
                    weight=domain.cleaned_data["weight"],
                    id=domain.cleaned_data["id"],
                    tasks=tuple(_task(task.cleaned_data, known) for task in domain.tasks.forms),
                )
                for domain in self.domains.forms
            ),
        )

    def add(self, problems: list[Problem]) -> None:
        """Put each problem beside the field that it names."""
        for problem in problems:
            match problem.where.split("."):
                case ["shares", kind, field]:
                    next(share for share in self.shares if share.kind == kind).add_error(field, problem.what)
                case ["domains", place, "tasks", task, field]:
                    self.domains.forms[int(place)].tasks.forms[int(task)].add_error(field, problem.what)
                case ["domains", place, "tasks"]:
                    self.domains.forms[int(place)].problems.append(problem.what)
                case ["domains", place, field]:
                    self.domains.forms[int(place)].add_error(field, problem.what)
                case [where] if where in self.problems:
                    self.problems[where].append(problem.what)
                case _:
                    self.exam.add_error(problem.where if problem.where in self.exam.fields else None, problem.what)

    def errors(self) -> list[tuple[str, str, str]]:
        """(id of the field, its name in full, what is wrong) of everything that is wrong, in the page's order."""
        found = [("", "", what) for what in (*self.problems[""], *self.exam.non_field_errors())]
        found += _errors(self.exam, "")
        found += [("h-kinds", "Kinds", what) for what in self.problems["shares"]]
        for share in self.shares:
            found += _errors(share, f"{share.label}, ")
        found += [("h-domains", "Domains", str(what)) for what in self.problems["domains"]]
        found += [("h-domains", "Domains", str(what)) for what in self.domains.non_form_errors()]
        for place, domain in enumerate(self.domains.forms, 1):
            found += _errors(domain, f"Domain {place}, ")
            own = f"{domain.prefix}-tasks"
            found += [(own, f"Domain {place}, tasks", str(what)) for what in domain.problems]
            found += [(own, f"Domain {place}, tasks", str(what)) for what in domain.tasks.non_form_errors()]
            for number_, task in enumerate(domain.tasks.forms, 1):
                found += _errors(task, f"Domain {place}, task {number_}, ")
        return found


def _raw(form: forms.Form) -> dict[str, Any]:
    return {name: form[name].value() for name in form.fields}


def _task(data: Mapping[str, Any], known: Mapping[int | None, list[int]]) -> TaskLine:
    taken = [number for number, _ in data["topics"] if number] + known.get(data["id"], [])
    following = iter(range(max(taken, default=0) + 1, LONGEST))
    topics = [TopicLine(number or next(following), title) for number, title in data["topics"]]
    return TaskLine(data["title"], tuple(sorted(topics, key=lambda topic: topic.number)), data["id"])


def _errors(form: forms.Form, before: str) -> Iterator[tuple[str, str, str]]:
    for name, errors in form.errors.items():
        if name in form.fields:
            bound: BoundField = form[name]
            label = f"{before}{str(bound.label).lower()}" if before else str(bound.label)
            yield from ((bound.id_for_label, label, str(error)) for error in errors)
