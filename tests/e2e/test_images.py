"""Images in a sitting: shown everywhere, kept without a network, gone afterwards; and their page for authors."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from exams.models import Form, Seat, Sitting
from questions import markdown
from questions.models import Image, Option, Revision
from questions.services.images import store
from tests.e2e.devices import NewContext, sign_in
from tests.e2e.paper import Paper
from tests.e2e.proxy import Network
from tests.e2e.test_axe import Inspector
from tests.e2e.watch import Watch
from tests.questions.pictures import drawn, sent
from tests.questions.studio import an_author

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

OFFLINE = r"net::ERR_|error occurred when fetching the script"
LOADED = "all => all.map((image) => image.complete && image.naturalWidth > 0)"


@pytest.fixture
def base_url(network: Network) -> str:
    return network.url


@pytest.fixture(autouse=True)
def _allow(watch: Watch) -> None:
    watch.allow(OFFLINE)


@pytest.fixture
def image(db: None) -> Image:
    return store(content=sent(drawn(1_600, 700)), alt="A wide red lamp", by=an_author())


@pytest.fixture
def seat(sitting: Sitting, image: Image) -> Seat:
    """A question that is not the first one, with the image in its stem and in its first option."""
    seat = sitting.form.seats.filter(kind="multiple_choice", number__gt=5).order_by("number")[0]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # the wording is published, and a trigger keeps it
        Revision.objects.filter(pk=seat.revision_id).update(
            stem_html=markdown.stem(f"Look at this. {image.markdown}\n\nWhich one is it?")
        )
        Option.objects.filter(revision=seat.revision_id, number=seat.options[0]).update(
            html=markdown.inline(f"The lamp {image.markdown}")
        )
        # Pages of a form are kept by this moment, and they may have been made before.
        Form.objects.filter(pk=sitting.form_id).update(created_at=timezone.now())
        cursor.execute("SET session_replication_role = origin")
    return seat


def shown(page: Page, seat: Seat) -> list[bool]:
    found: list[bool] = page.locator(f"#q{seat.number} img.picture").evaluate_all(LOADED)
    return found


def test_images_are_there_without_a_network_and_gone_after_the_exam(
    page: Page, seat: Seat, sitting: Sitting, network: Network
) -> None:
    paper = Paper(page).open(sitting).shelved()
    network.cut()
    paper.go(seat.number)
    paper.answer(seat, [seat.tokens[1]])
    page.reload()
    expect(paper.status).to_contain_text("Offline: 1 answer waits")
    expect(page.locator(f"#q{seat.number}").get_by_role("img", name="A wide red lamp")).to_have_count(2)
    assert shown(page, seat) == [True, True]
    paper.answer(seat, [seat.tokens[0]])
    network.mend()
    paper.saved(40_000)
    paper.review()
    paper.end()
    page.wait_for_url(f"**/results/{sitting.pk}/")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("caches.keys()") == []


def test_the_worker_may_be_missing(new_context: NewContext, user: User, seat: Seat, sitting: Sitting, network: Network,
                                   watch: Watch) -> None:  # fmt: skip
    """All images come with the page, so that the network may go before their question is shown."""
    watch.allow("Service Worker registration blocked")
    page = sign_in(new_context(service_workers="block"), user).new_page()
    paper = Paper(page).open(sitting)
    page.wait_for_load_state("networkidle")
    network.cut()
    paper.go(seat.number)
    assert shown(page, seat) == [True, True]


def test_tools_work_around_images(page: Page, seat: Seat, sitting: Sitting) -> None:
    """Nothing scrolls sideways, an option is struck out and chosen by its image, words beside it are highlighted."""
    paper = Paper(page).open(sitting)
    paper.go(seat.number)
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for picture in page.locator(f"#q{seat.number} img.picture").all():
            box = picture.bounding_box()
            assert box is not None
            assert box["width"] <= width
            assert abs(box["width"] / box["height"] - 1_600 / 700) < 0.05
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    question = page.locator(f"#q{seat.number}")
    question.locator("[data-strike]").first.click()
    expect(question.locator(".option[data-struck]")).to_have_count(1)
    question.locator("[data-strike]").first.click()
    question.locator(".option img.picture").click()
    assert paper.given(seat) == [seat.tokens[0]]
    question.locator(".work > .stem").evaluate("stem => getSelection().selectAllChildren(stem)")
    question.locator("[data-highlight]").click()
    expect(question).to_have_attribute("data-marked", "")
    page.reload()
    paper.ready()
    expect(question).to_have_attribute("data-marked", "")


def test_the_page_without_scripts_shows_them(new_context: NewContext, user: User, seat: Seat, sitting: Sitting) -> None:
    page = sign_in(new_context(java_script_enabled=False), user).new_page()
    page.goto(reverse("sitting", args=[sitting.pk]))
    expect(page.locator(f"#q{seat.number}").get_by_role("img", name="A wide red lamp")).to_have_count(2)


def test_the_page_of_images(page: Page, user: User, image: Image, tmp_path, watch: Watch) -> None:
    watch.allow("status 422 ", r"\(Unprocessable")
    user.user_permissions.add(Permission.objects.get(codename=PERMISSIONS[Role.AUTHOR]))
    file = tmp_path / "lamp.png"
    file.write_bytes(sent(drawn(300, 600, "green")))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"<svg/>")
    inspector = Inspector(page)
    inspector.visit(reverse("studio_images"), "Images")
    page.get_by_label("Image", exact=True).set_input_files(bad)
    page.get_by_label("What it shows").fill("A tall green lamp")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("This is no complete PNG")).to_be_visible()
    inspector.look("refused")
    page.get_by_label("Image", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_label("Markdown", exact=True)).to_have_value(r"![A tall green lamp](image:" + newest() + ")")
    inspector.look("kept")
    page.get_by_role("button", name="Delete image 1").click()
    expect(page.get_by_text("The image was deleted.")).to_be_visible()
    page.get_by_role("button", name="Delete image 1").click()
    expect(page.get_by_text("No images yet")).to_be_visible()
    inspector.look("empty")
    assert inspector.found == []


def newest() -> str:
    return Image.objects.light()[0].pk
