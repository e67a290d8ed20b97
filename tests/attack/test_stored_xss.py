"""Hostile wordings, names, titles, messages and notes stay text, on every page, in every mail and in every file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import User
from cohorts.models import Assignment, Cohort, Invitation
from cohorts.reports.exports import EXPORTS
from cohorts.services import mailing, reminding
from questions import markdown
from questions.models import Reference
from questions.pack.schema import Reference as PackReference
from tests.attack.addresses import every_address
from tests.attack.hostile import MARK, TEXT, WORDING, Page, poison
from tests.attack.matrix import ROLES, matrix
from tests.attack.walk import Walker, undone

pytestmark = [pytest.mark.django_db]

FORMULAS = ('=HYPERLINK("//evil")', "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", " =1+1", "＝1+1", "|calc", "%0A=1")
SIGNS = "=+-@\t\r"
# In a PDF: what opens, runs or carries something; and packed objects, in which these names could not be seen.
ACTIONS = [b"/URI", b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/SubmitForm", b"/GoToR", b"/ObjStm"]


def test_texts_of_everybody_stay_text_on_every_page(world):
    """By those who may come there, the lower ones first; forms are sent empty."""
    changed = poison()
    assert {"accounts.user.display_name", "cohorts.cohort.name", "questions.question.tags"} <= set(changed)
    assert len(changed) > 45
    wrong, shown, asked = {}, set(), 0
    for role in ROLES:
        walker = Walker(world.people.get(role))
        for one in every_address():
            for place, method in enumerate(("GET", "POST")):
                first = next((who for who in ROLES if matrix()[one.name][who][place] in "+e"), None)
                if first != role or one.name in ("cohort_export", "bank_exam_edit"):
                    continue
                with undone():
                    reply = walker.send(method, one.url(world), world.bodies.get(one.name))
                    content = b"".join(reply) if reply.streaming else reply.content
                kind = reply.get("Content-Type", "").partition(";")[0]
                asked += 1
                if kind in ("text/html", "image/svg+xml"):
                    page = Page(content.decode(), chart=kind == "image/svg+xml")
                    shown |= {one.name} if page.seen else set()
                    if page.wrong:
                        wrong[one.name, method] = page.wrong[:3]
                elif MARK.encode() in content:
                    assert reply["X-Content-Type-Options"] == "nosniff"
                    assert kind in ("application/json", "application/octet-stream", "application/pdf"), one.name
    assert wrong == {}, sorted(wrong)
    assert asked > 180
    assert len(shown) > 100


@pytest.mark.parametrize("render", [markdown.block, markdown.inline, markdown.stem])
def test_hostile_markdown_becomes_no_element_but_those_of_wordings(render):
    html = render(WORDING)
    page = Page(html)
    assert page.wrong == []
    assert set(re.findall(r"<(\w+)", html)) <= markdown.ALLOWED
    assert "evil.example" not in "".join(re.findall(r"<img[^>]*>", html))
    assert markdown.without_images(html).count("<img") == 0


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "//evil.example", "\tjavascript:alert(1)", "x"],
)
def test_a_reference_leads_to_a_page_or_nowhere(world, url):
    """What drafts may hold before anybody has looked at them, in the preview as well."""
    draft = world.values_for("studio_edit")["public_id"]
    assert Reference.objects.filter(revision__question__public_id=draft).update(url=url)
    author = Walker(world.people["author"])
    with pytest.raises(ValueError, match=r".+"):
        PackReference.model_validate({"title": "A manual", "url": url})
    for name in ("studio_life", "studio_edit", "studio_revision", "studio_compare"):
        (one,) = [address for address in every_address() if address.name == name]
        page = Page(author.send("GET", one.url(world)).content.decode())
        assert page.wrong == [], name


def test_mails_are_text_and_go_to_one_person(world):
    """A name can neither add an address nor a head, and no mail has a part that a browser would read."""
    broken = f"{MARK}\r\nBcc: evil@example.com\r\n\r\n<b>"
    now = timezone.now()
    User.objects.exclude(pk=world.people["superuser"].pk).update(display_name=broken[:80])
    Cohort.objects.update(name=broken)
    Assignment.objects.update(title=broken, end_by=now + dt.timedelta(hours=8), cancelled_at=None)
    Assignment.objects.update(start_by=now + dt.timedelta(hours=4))
    Invitation.objects.update(sent_at=None, name=broken[:80], tries=0)
    assert mailing.send_due(now=now) == 1
    for assignment in Assignment.objects.all():
        reminding.tell_assigned(assignment=assignment, now=now)
    assert reminding.send(now=now) > 2
    for sent in mail.outbox:
        assert len(sent.recipients()) == 1
        assert sent.content_subtype == "plain"
        assert not getattr(sent, "alternatives", [])
        raw = sent.message().as_string()
        heads = raw.partition("\n\n")[0]
        assert "\nBcc" not in heads
        assert "Content-Type: text/plain" in heads


def test_files_hold_no_formula(world):
    """Names and addresses that spreadsheets would reckon with, in CSV and in workbooks."""
    instructor, cohort = Walker(world.people["instructor"]), world.things["cohort"]
    member = world.people["member"]
    for formula in FORMULAS:
        User.objects.filter(pk=member.pk).update(display_name=formula)
        Cohort.objects.filter(pk=cohort.pk).update(name=formula)
        Assignment.objects.filter(cohort=cohort).update(title=formula)
        for what in EXPORTS:
            reply = instructor.send("GET", reverse("cohort_export", args=[cohort.pk, what, "csv"]))
            rows = list(csv.reader(io.StringIO(b"".join(reply).decode("utf-8-sig"))))
            assert "attachment" in reply["Content-Disposition"]
            assert not re.search(r"[\r\n]", reply["Content-Disposition"])
            assert any(formula.strip() in cell for row in rows for cell in row) or what in ("items", "questions")
            for cell in (cell for row in rows for cell in row if cell):
                assert cell[0] not in SIGNS or re.fullmatch(r"-?\d+(\.\d+)?", cell), (what, cell)
    for what in EXPORTS:
        reply = instructor.send("GET", reverse("cohort_export", args=[cohort.pk, what, "xlsx"]))
        book = load_workbook(io.BytesIO(b"".join(reply)))
        assert {cell.data_type for page in book for row in page.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}


def test_printed_reports_hold_no_link_script_or_file(world):
    """Markup in names is text on paper: it fetches nothing, opens nothing and breaks nothing."""
    markup = '<img src="file:///etc/passwd"/><a href="javascript:a">x</a><para><b>&lt;'
    User.objects.filter(pk=world.people["member"].pk).update(display_name=markup)
    Cohort.objects.filter(pk=world.things["cohort"].pk).update(name=markup + TEXT[: 100 - len(markup)])
    instructor = Walker(world.people["instructor"])
    for name in ("cohort_report_pdf", "candidate_report_pdf"):
        (one,) = [address for address in every_address() if address.name == name]
        reply = instructor.send("GET", one.url(world))
        assert reply["Content-Type"] == "application/pdf"
        # Actions stand in the file's objects; what is drawn is packed, and packed bytes may spell anything by chance.
        objects = re.sub(rb"stream\r?\n.*?endstream", b"", reply.content, flags=re.DOTALL)
        assert b"/Page" in objects
        found = [word for word in ACTIONS if word in objects]
        assert not found, (name, found)
