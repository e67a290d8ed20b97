"""Bring the rows of an exam's outline in step with a specification: shares, domains, tasks, topics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import CharField, Count, F, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Concat

from questions.models import Domain, Exam, KindShare, Task, Topic
from questions.specification import Specification, TaskLine

ASIDE = 10_000  # where rows wait while numbers change hands


def write_outline(exam: Exam, spec: Specification) -> None:
    """Rows with an id stay and are brought up to date, those without are made, all others of the exam go.

    Every domain and task of `spec` has its code (`specification.coded`). A constant number of statements.
    """
    KindShare.objects.filter(exam=exam).delete()
    KindShare.objects.bulk_create(
        KindShare(
            exam=exam, kind=share.kind, form_minimum=share.form[0], form_maximum=share.form[1],
            scored_minimum=share.scored[0], scored_maximum=share.scored[1],
        )
        for share in spec.shares
    )  # fmt: skip
    kept = [task.id for task in spec.tasks if task.id]
    Task.objects.filter(exam=exam).exclude(pk__in=kept).delete()
    # Numbers and codes are unique, so all rows step aside before they take their new places.
    Domain.objects.filter(exam=exam).update(number=F("number") + ASIDE, code=_waiting(Domain, exam))
    Task.objects.filter(exam=exam).update(code=_waiting(Task, exam))
    domains = [
        Domain(pk=line.id, exam=exam, number=number, code=line.code, title=line.title, weight=line.weight)
        for number, line in enumerate(spec.domains, 1)
    ]
    _store(Domain, domains, ["number", "code", "title", "weight"])
    homes = [row for row, line in zip(domains, spec.domains, strict=True) for _ in line.tasks]
    tasks = [
        Task(pk=line.id, exam=exam, domain=home, number=number, code=line.code, title=line.title)
        for number, (home, line) in enumerate(zip(homes, spec.tasks, strict=True), 1)
    ]
    _store(Task, tasks, ["domain", "number", "code", "title"])
    Domain.objects.filter(exam=exam).exclude(pk__in=[domain.pk for domain in domains]).delete()
    _topics(zip(tasks, spec.tasks, strict=True))


def _waiting(model: type[Domain] | type[Task], exam: Exam) -> Concat:
    """A code that no outline uses, short whatever the row's id: its place among the exam's rows."""
    before = model._default_manager.filter(exam=exam, pk__lte=OuterRef("pk")).order_by().values("exam")
    place = Subquery(before.annotate(place=Count("pk")).values("place"))
    return Concat(Value("~"), Cast(place, CharField()))


def _store(model: type[Domain] | type[Task], rows: Sequence[Domain | Task], fields: Sequence[str]) -> None:
    manager = model._default_manager
    manager.bulk_create([row for row in rows if row.pk is None])  # type: ignore[misc]
    manager.bulk_update([row for row in rows if row.pk is not None], fields)  # type: ignore[misc]


def _topics(pairs: Iterable[tuple[Task, TaskLine]]) -> None:
    """Matched by number, because questions and packs name topics by it. At most four statements."""
    pairs = list(pairs)
    known = {(row.task_id, row.number): row for row in Topic.objects.filter(task__in=[task for task, _ in pairs])}
    new, changed = [], []
    for task, line in pairs:
        for topic in line.topics:
            row = known.pop((task.pk, topic.number), None)
            if row is None:
                new.append(Topic(task=task, number=topic.number, title=topic.title))
            elif row.title != topic.title:
                row.title = topic.title
                changed.append(row)
    Topic.objects.filter(pk__in=[row.pk for row in known.values()]).delete()
    Topic.objects.bulk_create(new)
    Topic.objects.bulk_update(changed, ["title"])
