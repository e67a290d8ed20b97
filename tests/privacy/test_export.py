"""A person's own data: complete, and without keys, what is not released, and other people's names."""

from __future__ import annotations

import io
import json
import zipfile
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import privacy, services
from accounts.export import made
from accounts.models import User
from cohorts.models import Invitation
from exams.models import Sitting
from exams.services import saving
from questions.models import Option
from tests.accounts.factories import PASSWORD
from tests.cohorts.factories import a_cohort
from tests.factories import UserFactory, begin, change, key_of, sat
from tests.privacy.somebody import EMAIL, NOTE, SECRET, somebody


def unpacked(content: bytes) -> tuple[dict[str, Any], str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["data.html", "data.json"]
        return json.loads(archive.read("data.json")), archive.read("data.html").decode()


def export(user: User) -> tuple[dict[str, Any], str]:
    return unpacked(made(privacy.about(user), now=timezone.now()))


def test_everything_is_in_it(exam):
    person = somebody(exam)
    others = list(User.objects.exclude(pk=person.pk).exclude(email="").values_list("email", flat=True))
    told, page = export(person)
    data = told["data"]
    for holding in privacy.holdings():
        for model, section in holding.covers.items():
            assert data[section], model
    text = json.dumps(told)
    assert all(word in text for word in (EMAIL, SECRET, NOTE, "Lynx/2.9", "192.0.2.0", "Spring class"))
    assert all(word in page for word in (EMAIL, SECRET, NOTE, "Lynx/2.9", "Spring class"))
    assert [mail for mail in others if mail in text] == []
    assert person.password not in text
    assert "seed" not in text  # of the authenticator
    sitting = next(one for one in data["Sittings"] if one["state"] == "Closed")
    assert sitting["answers"][0]["answer"][0] in "ABCDEF"
    assert {event["what"] for event in sitting["timeline"]} >= {"Begun", "Saved", "Ended", "Closed"}
    assert (data["Results"][0]["right"], len(data["Results"][0]["questions"])) == (41, 65)


def test_keys_never_leave_with_it(user, exam):
    """Neither of a running sitting nor of a closed one: no rationale, no wording, no token, no question's name."""
    sat(user, exam)
    running = begin(user, exam)
    seat = running.form.seats.order_by("number")[0]
    saving.save(sitting_id=running.pk, user_id=user.pk, claim=1, changes=[change(1, key_of(seat))])
    told, page = export(user)
    text = json.dumps(told) + page
    for one in running.form.seats.select_related("revision__question"):
        assert one.revision.question.public_id not in text
        assert not [token for token in one.tokens if token in text]
        assert one.revision.stem[:40] not in text
    assert not [one for one in Option.objects.values_list("rationale", flat=True) if one and one[:40] in text]
    state, answers = told["data"]["Sittings"][1]["state"], told["data"]["Sittings"][1]["answers"]
    assert (state, len(answers), answers[0]["question"]) == ("In progress", 1, 1)
    assert "scored" not in json.dumps(told["data"]["Sittings"])
    (result,) = told["data"]["Results"]  # of the sitting before, on questions that are asked again now
    shared = set(running.form.seats.values_list("revision", flat=True)) & set(
        Sitting.objects.exclude(pk=running.pk).values_list("form__seats__revision", flat=True)
    )
    assert isinstance(result["questions"], str) == bool(shared)


@pytest.mark.parametrize(
    ("held", "sees"),
    [({"results_held": True}, (False, False)), ({"review_held": True}, (True, False)), ({}, (True, True))],
)
def test_what_is_not_released_is_withheld_and_said(user, exam, held, sees):
    result = sat(user, exam)
    Sitting.objects.filter(pk=result.sitting_id).update(assigned=True, **held)
    (told,) = export(user)[0]["data"]["Results"]
    assert ("scaled" in told, isinstance(told.get("questions"), list)) == sees
    assert "Withheld" in json.dumps(told) or sees == (True, True)


def test_the_page_is_well_formed_and_escapes_what_people_wrote(db):
    user = UserFactory(display_name="<script>alert(1)</script>")
    _, page = export(user)
    HTMLParser().feed(page)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


# ---- the person's own page ---------------------------------------------------------------------------------------


def test_the_file_asks_for_the_password(client, user):
    client.force_login(user)
    assert "Download what is held about you" in client.get("/account/export/").content.decode()
    assert "This is not your password." in client.post("/account/export/", {"password": "x"}).content.decode()
    answer = client.post("/account/export/", {"password": PASSWORD})
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith('attachment; filename="cutscore-')
    assert "no-store" in answer["Cache-Control"]
    assert unpacked(answer.content)[0]["addresses"] == [user.email]


def test_it_is_made_only_so_often(client, user, settings):
    settings.RATE_LIMIT_ACCOUNT = "2/5m"
    client.force_login(user)
    tries = [client.post("/account/export/", {"password": PASSWORD}).status_code for _ in range(3)]
    assert tries == [200, 200, 429]


def test_a_stranger_is_asked_to_sign_in(client, db):
    assert client.get("/account/export/").url.startswith("/account/login/")


# ---- requests by letter ------------------------------------------------------------------------------------------


def test_the_operator_exports_and_erases(user, exam, tmp_path, capsys, caplog):
    sat(user, exam)
    path = tmp_path / "person.zip"
    call_command("export_person", user.email.upper(), output=str(path))
    assert unpacked(path.read_bytes())[0]["data"]["Sittings"]
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_person", user.email, output=str(path))
    call_command("erase_person", user.email)
    assert "nothing was changed" in capsys.readouterr().out
    assert User.objects.filter(pk=user.pk).exists()
    call_command("erase_person", user.email, yes=True, json=True)
    assert json.loads(capsys.readouterr().out) == {"erased": True, "sittings_kept": 1}
    assert not User.objects.filter(pk=user.pk).exists()
    said = [record.getMessage() for record in caplog.records if record.name.startswith("accounts")]
    assert said == [
        "What is held about a person was exported by an operator",
        "A person was erased; 1 sittings of theirs stay as statistics",
    ]
    for command in ("erase_person", "export_person"):
        with pytest.raises(CommandError, match="Nothing is held"):
            call_command(command, user.email, **({"output": "x"} if command == "export_person" else {}))


def test_also_somebody_who_was_only_invited(exam, tmp_path):
    cohort, now = a_cohort(exam), timezone.now()
    Invitation.objects.create(cohort=cohort, email="guest@example.com", name="A Guest", invited_at=now, expires_at=now)
    path = tmp_path / "guest.zip"
    call_command("export_person", "guest@example.com", output=str(path))
    assert unpacked(path.read_bytes())[0]["data"]["Invitations to cohorts"][0]["name"] == "A Guest"
    call_command("erase_person", "guest@example.com", yes=True)
    assert not Invitation.objects.exists()


def test_the_command_refuses_what_the_page_refuses(user, exam):
    begin(user, exam)
    with pytest.raises(CommandError, match="is not over yet"):
        call_command("erase_person", user.email, yes=True)
    assert User.objects.filter(pk=user.pk).exists()


def test_what_is_held_needs_a_constant_number_of_statements(user, exam, django_assert_max_num_queries):
    sat(user, exam)
    with django_assert_max_num_queries(75):
        privacy.collect(privacy.about(user), now=timezone.now())
    assert services.delete_account(user=user) == 1
