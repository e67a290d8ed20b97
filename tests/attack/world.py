"""One of everything that an address can name, with its owner and its strangers: a small installation in full swing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from cohorts.models import Attempt, Cohort, Instructor, Invitation
from exams.models import Seat, Sitting
from exams.protocol import pulse_token
from operations.models import DeadLetter
from questions.models import Exam, Question, Standing
from questions.services import images, imports, saved_filters, scenarios
from scoring.models import Result
from tests.accounts.factories import SuperuserFactory
from tests.cohorts.factories import HOUR, a_cohort, a_member, an_assignment, an_attempt, an_instructor, over
from tests.factories import UserFactory, begin, load_exam, sat
from tests.questions.pictures import sent
from tests.questions.studio import a_draft, a_published, an_author, choice
from tests.scoring.corrections import act, revision_of
from tests.scoring.judged import ask
from tests.scoring.reported import report
from tests.scoring.runs import a_run

ANONYMOUS = "anonymous"
SECOND = "MLA-C02"  # the exam of the sitting in progress: it must not shut the review of the closed one
PACK = b"::q1:: Which coat keeps dry? {=Waxed cotton ~Loose linen}"


@dataclass
class World:
    """`people` by role; `values` of the parameters of addresses, `own` where one address needs another; `bodies` of
    POSTs that without one would not come as far as the question who asks."""

    people: dict[str, User]
    values: dict[str, Any]
    own: dict[str, dict[str, Any]]
    bodies: dict[str, Any]
    things: dict[str, Any] = field(default_factory=dict)

    def values_for(self, name: str) -> dict[str, Any]:
        """Of an address; the longest beginning of its name counts, exactly named values above all."""
        found = dict(self.values)
        for key in sorted((key for key in self.own if name.startswith(key)), key=len):
            found |= self.own[key]
        return found


@contextmanager
def shared(blocker: Any) -> Iterator[None]:
    """One transaction around everything that a module builds, undone at its end."""
    with blocker.unblock():
        outer: Any = transaction.atomic()
        outer._from_testcase = True  # the product's durable transactions are let in, as by Django's own tests
        outer.__enter__()
        try:
            yield
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def build() -> World:
    """Everything, made by the real services wherever they take no longer than rows."""
    exam = Exam.objects.filter(code="MLA-C01").first() or load_exam()
    people = {
        "member": UserFactory(display_name="Member"), "stranger": UserFactory(display_name="Stranger"),
        "author": an_author(display_name="Author"), "colleague": an_author(display_name="Colleague"),
        "instructor": an_instructor(display_name="Instructor"), "neighbour": an_instructor(display_name="Neighbour"),
        "staff": UserFactory(display_name="Staff", is_staff=True),
        "superuser": SuperuserFactory(display_name="Superuser"),
    }  # fmt: skip
    cohort, attempt = _taught(exam, people["instructor"], people["member"])
    theirs, their_attempt = _taught(exam, people["neighbour"], UserFactory())
    helper = an_instructor()
    Instructor.objects.create(cohort=cohort, user=helper, added_at=timezone.now())
    invitation = _invited(cohort)
    sitting = attempt.sitting
    practised = sat(people["member"], exam, right=20).sitting
    reported = report(practised, seat=2)
    running = begin(people["member"], Exam.objects.filter(code=SECOND).first() or load_exam(SECOND, forms=1))
    used = _seat_of(sitting)
    regraded = act(_seat_of(their_attempt.sitting, besides=used), by=people["colleague"])
    studio = _studio(exam, people["author"], people["colleague"])
    own = _own(people["member"], exam, sitting, running, cohort)
    own |= {
        "result": {"sitting_id": practised.pk}, "bank_report": {"pk": reported.pk},
        "result_report": {"pk": reported.pk, "number": 2},
        "bank_regrade_detail": {"pk": regraded.pk}, "cohort_instructor": {"user_id": helper.pk},
        "cohort_hand_over": {"user_id": helper.pk}, **studio.pop("own"),
    }  # fmt: skip
    values = {
        "code": exam.code, "cohort_id": cohort.pk, "assignment_id": attempt.assignment_id, "sitting_id": sitting.pk,
        "user_id": people["member"].pk, "invitation_id": invitation.pk, "revision_id": used.revision_id, "number": 1,
        "act": "grant", "what": "scores", "suffix": "csv", "chart": "information", "extension": "png", "old": 1,
        "new": 1, "public_id": revision_of(used).question.public_id, "url": "nowhere", **studio,
    }  # fmt: skip
    bodies = {
        **dict.fromkeys(("studio_edit", "studio_save", "studio_preview", "studio_checks"), studio.pop("draft")),
        "cohort_board_act": {"assignment": str(attempt.assignment_id)},
        "sitting_changes": json.dumps({"claim": 1, "changes": [{"sequence": 1, "seat": 1, "base": 0, "left": 1_000}]}),
        "sitting_end": json.dumps({"claim": 1, "sequence": 0}),
        "result_report": {"category": "key", "text": "Two options are right since the release in March."},
    }
    bodies["result_report_change"] = bodies["result_report"]
    things = {
        "exam": exam, "practised": practised, "cohort": cohort, "attempt": attempt, "sitting": sitting,
        "running": running, "report": reported, "regrade": regraded, "invitation": invitation, "their cohort": theirs,
        "their attempt": their_attempt, "helper": helper,
    }  # fmt: skip
    return World(people, values, own, bodies, things)


def _taught(exam: Exam, teacher: User, member: User) -> tuple[Cohort, Attempt]:
    """A cohort with three members, one of whom has sat its assignment, which is over."""
    cohort = a_cohort(exam, teacher, members=2)
    assignment = an_assignment(cohort)
    attempt = an_attempt(assignment, a_member(cohort, member), right=20)
    return cohort, over(attempt)


def _invited(cohort: Cohort) -> Invitation:
    now = timezone.now()
    return Invitation.objects.create(
        cohort=cohort, email="invited@example.com", name="Invited", invited_at=now, expires_at=now + HOUR, sent_at=now
    )


def _seat_of(sitting: Sitting, besides: Seat | None = None) -> Seat:
    seats = sitting.form.seats.filter(kind="multiple_choice", scored=True).order_by("number")
    seat = seats.exclude(revision=besides.revision_id if besides else None).first()
    assert seat is not None
    return seat


def _studio(exam: Exam, author: User, colleague: User) -> dict[str, Any]:
    """What an author has at work: a draft, a turn to judge, an import, an image, a filter, a case study."""
    draft = a_draft(author, exam)
    judged = a_published(
        colleague, an_author(), exam, choice("A keeper counts ships at night.\n\nWhich lamp reaches far?")
    )
    turn, *_ = ask(judged, exam, [author], colleague)
    case = scenarios.create_scenario(public_id="attack-case", title="A case", text="A text.", by=author)
    image = images.store(content=sent(), alt="A red lamp", by=author)
    upload = imports.receive(by=author, name="few.gift", data=PACK, exam=exam, task=None, format_name="gift")
    saved = saved_filters.save_filter(owner=author, name="Mine", query="q=coat")
    a_run(exam)
    run = a_run(exam)
    at_work = {"public_id": draft.question.public_id}
    return {
        "draft": {"revision": str(draft.pk), "version": "0"},
        "sha256": image.pk,
        "identifier": upload.uuid,
        "own": {
            "studio_": at_work, "life_": at_work, "studio_revision": {"number": draft.number},
            "studio_judge": {"pk": turn.pk}, "studio_scenario": {"public_id": case.scenario.public_id},
            "studio_remove_filter": {"pk": saved.pk}, "bank_run": {"number": run.number},
            "bank_promote": {"number": run.number}, "bank_form": {"number": exam.forms.order_by("number")[0].number},
        },
    }  # fmt: skip


def _own(member: User, exam: Exam, sitting: Sitting, running: Sitting, cohort: Cohort) -> dict[str, dict[str, Any]]:
    """Values of single addresses: the candidate's running sitting, links of mails, rows of the admin."""
    newcomer = UserFactory(verified=False)
    result = Result.objects.current().get(sitting=sitting)
    revision = _seat_of(sitting).revision_id
    letter = DeadLetter.objects.create(task="exams.tasks.fill_pools", error="KeyError", first_failed_at=timezone.now(),
                                       last_failed_at=timezone.now())  # fmt: skip
    rows = {
        "questions_exam": exam.pk, "questions_question": Question.objects.get(revisions=revision).pk,
        "questions_revision": revision, "questions_standing": Standing.objects.filter(revision=revision)[0].pk,
        "scoring_result": result.pk, "exams_form": sitting.form_id, "exams_sitting": sitting.pk,
        "auth_group": Group.objects.get(name="author").pk, "accounts_user": member.pk,
        "operations_deadletter": letter.pk,
    }  # fmt: skip
    return {
        "sitting": {"sitting_id": running.pk, "token": pulse_token(running.pk)},
        "exam_": {"code": running.exam.code},
        "join_code": {"code": cohort.join_code},
        "account_confirm_email": {"key": EmailConfirmationHMAC.create(EmailAddress.objects.get(user=newcomer)).key},
        "account_reset_password_from_key": {
            "uidb36": user_pk_to_url_str(newcomer), "key": default_token_generator.make_token(newcomer),
        },
        "admin:auth_user_password_change": {"id": member.pk},
        "admin:view_on_site": {"content_type_id": ContentType.objects.get_for_model(User).pk, "object_id": member.pk},
        "admin:app_list": {"app_label": "accounts"},
        **{f"admin:{table}": {"object_id": pk} for table, pk in rows.items()},
        **{f"/admin/{table.replace('_', '/')}/": {"object_id": pk} for table, pk in rows.items()},
    }  # fmt: skip
