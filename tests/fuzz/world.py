"""What is attacked: people of every role, and an object of nearly every kind in the states that matter."""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from accounts.roles import Role
from cohorts.models import Cohort, Invitation
from cohorts.services import attending
from cohorts.tasks import roll_up
from exams.models import Sitting
from exams.protocol import pulse_token
from exams.services import clock, notices
from questions.interchange.formats import FORMATS
from questions.models import Exam
from questions.services import imports, ratings, review, saved_filters, scenarios
from tests import factories
from tests.accounts.factories import SuperuserFactory, UserFactory
from tests.cohorts.classes import a_class
from tests.cohorts.factories import a_cohort, a_member, an_assignment, an_attempt, an_instructor, over
from tests.questions import material, studio
from tests.questions.interchange.material import choice
from tests.questions.pictures import kept
from tests.scoring.corrections import a_seat, act
from tests.scoring.reported import report
from tests.scoring.runs import a_run

STEM = "A gardener plants beans in a cold spring.\n\nWhich cover keeps the frost away?"
DAY = dt.timedelta(days=1)
MODELS_ROWS = 12  # ids of each model that addresses are filled with


@dataclass
class World:
    people: dict[str, User]
    sittings: dict[str, Sitting] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)  # role -> session key
    pools: Mapping[str, Sequence[str]] = field(default_factory=dict)  # parameter's name or kind -> values

    def owner(self, sitting: Sitting) -> str:
        return next(name for name, person in self.people.items() if person.pk == sitting.user_id)


def build(exam: Exam, folder: Path) -> World:
    people = {
        "candidate": UserFactory(display_name="Cleo"),
        "member": UserFactory(display_name="Mia"),
        "author": studio.an_author(display_name="Ada"),
        "instructor": an_instructor(display_name="Ira"),
        "superuser": SuperuserFactory(display_name="Sue"),
    }
    world = World(people)
    sit(world, exam)
    teach(world, exam)
    write(world, folder)
    measure(world, exam)
    for name, person in people.items():
        world.cookies[name] = sign_in(person)
    world.pools = pools(world)
    return world


def sign_in(person: User) -> str:
    """A fresh session that has just seen the password, so that no page asks for it again."""
    client = Client()
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "email": person.email}]
    session.save()
    return str(session.session_key)


def sit(world: World, exam: Exam) -> None:
    """A candidate with a result, with a problem reported, and in the middle of the next sitting."""
    candidate = world.people["candidate"]
    result = factories.sat(candidate, exam, form=exam.forms.get(reference=True), right=30)
    world.sittings["closed"] = result.sitting
    report(result.sitting)
    report(result.sitting, 2)
    running = factories.begin(candidate, exam, exam.forms.get(reference=False))
    factories.answer(running, right=3)
    world.sittings["running"] = Sitting.objects.get(pk=running.pk)


def teach(world: World, exam: Exam) -> None:
    """Cohorts of the instructor, one with a whole class, one in which somebody sits just now."""
    teacher, member, now = world.people["instructor"], world.people["member"], timezone.now()
    a_class(exam, 12, owner=teacher)
    cohort = a_cohort(exam, teacher, name="Spring class", members=2)
    a_member(cohort, member)
    over(an_attempt(an_assignment(cohort, title="Over"), member))
    assignment = an_assignment(cohort, title="Now")
    sitting = attending.begin(assignment=assignment, user=member)
    notices.send(sitting_ids=[sitting.pk], text="The room closes at five.", by=teacher, now=now)
    clock.grant(sitting_id=sitting.pk, minutes=5, by=teacher)
    world.sittings["supervised"] = Sitting.objects.get(pk=sitting.pk)
    an_assignment(cohort, title="Later", opens_at=now + DAY, start_by=now + 2 * DAY, end_by=now + 3 * DAY)
    Invitation.objects.create(cohort=cohort, email="new@example.org", invited_at=now, expires_at=now + DAY)
    a_cohort(exam, name="Somebody else's")
    roll_up()


def write(world: World, folder: Path) -> None:
    """A small exam, and questions in every state of their life."""
    author, reviewer, superuser = world.people["author"], studio.an_author(), world.people["superuser"]
    exam = studio.an_exam()
    shared = [material.question(number, scenario="tst-case") for number in (1, 3)]
    material.loaded(folder, material.matching(2), *shared, scenarios=[material.scenario()])
    published = studio.a_published(author, reviewer, exam)
    for kind in studio.EVERY_KIND:
        studio.a_draft(author, exam, kind)
    waiting = studio.a_draft(reviewer, exam, studio.choice(studio.STEMS[2]))
    review.submit(revision=waiting, reviewer=author, expected_version=waiting.lock_version, by=reviewer)
    review.comment(revision=waiting, place="stem", text="Is this so?", by=author)
    studio.approved(studio.a_draft(author, exam, studio.choice(studio.STEMS[3])), author, reviewer)
    others = studio.a_published(reviewer, author, exam, studio.choice(STEM))
    for one, judges in ((published, [superuser, studio.an_author()]), (others, [superuser, studio.an_author()])):
        ratings.ask_judges(revision=one, exam=exam, judges=judges, by=author)
    scenarios.create_scenario(public_id="tst-other", title="Another", text="A firm has another problem.", by=author)
    saved_filters.save_filter(owner=author, name="Mine", query="kind=matching")
    kept(author)
    for name in ("csv", "gift"):
        imports.receive(by=author, name=f"new.{name}", data=FORMATS[name].write([choice()]), exam=exam)


def measure(world: World, exam: Exam) -> None:
    """Two calibration runs and a regrade."""
    a_run(exam)
    a_run(exam, unmeasured=[])
    act(a_seat(exam.forms.get(reference=True), 2), by=world.people["author"])
    secret = generate_totp_secret()
    TOTP.activate(world.people["instructor"], secret)
    RecoveryCodes.activate(world.people["instructor"])
    accounts.set_accommodation(user=world.people["candidate"], multiplier=Decimal("1.25"), extra_minutes=0)
    accounts.grant_role(user=world.people["superuser"], role=Role.AUTHOR)


def pools(world: World) -> dict[str, list[str]]:
    """What parameters of addresses are filled with: by name where only one thing can be meant, otherwise by kind."""
    found: dict[str, list[str]] = defaultdict(list)
    for model in apps.get_models():
        keys = [str(key) for key in model._default_manager.order_by("pk").values_list("pk", flat=True)[:MODELS_ROWS]]
        found["UUIDConverter" if keys and len(keys[0]) == 36 else "IntConverter"] += keys
        found[f"{model._meta.model_name}_id"] += keys
        found["object_id"] += keys
        for column in model._meta.concrete_fields:
            if column.name in ("uuid", "public_id", "code", "sha256", "number"):
                values = model._default_manager.order_by(column.name).values_list(column.name, flat=True).distinct()
                found["UUIDConverter" if column.name == "uuid" else column.name] += [str(one) for one in values[:40]]
    person = world.people["candidate"]
    found["identifier"] = found["UUIDConverter"]
    found["sitting_id"] = [str(one.pk) for one in world.sittings.values()]
    found["user_id"] = [str(one.pk) for one in world.people.values()]
    found["token"] = [pulse_token(one.pk) for one in world.sittings.values()]
    found["uidb36"] = [user_pk_to_url_str(person)]
    address = EmailAddress.objects.get(user=person)
    found["key"] = [default_token_generator.make_token(person), "set-password", EmailConfirmationHMAC(address).key]
    found["code"] += [str(code) for code in Cohort.objects.values_list("join_code", flat=True) if code]
    found["revision_id"] = found.get("revision_id", [])
    found["act"] = ["grant", "pause", "resume", "finish", "void", "message", "window", "reopen"]
    found["what"], found["suffix"] = ["scores", "answers", "items", "members", "log"], ["csv", "xlsx", "json"]
    found["chart"] = ["information", "curve", "table"]
    found["extension"] = ["png", "jpg", "webp"]
    found["app_label"] = sorted({model._meta.app_label for model in apps.get_models()})
    return {name: list(dict.fromkeys(values)) for name, values in found.items()}
