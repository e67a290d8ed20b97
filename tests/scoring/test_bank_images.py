"""The page of images for authors: upload, what to copy, deletion, and who may."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import services as accounts
from accounts.roles import Role
from questions import markdown
from questions.models import Image
from scoring.reports.images import PER_PAGE
from tests.questions.pictures import ALT, kept, moving, sent
from tests.questions.studio import a_draft, an_exam, choice
from tests.scoring.test_views_results import text_of

PAGE = "/bank/images/"


def upload(client, content=None, alt=ALT, name="lamp.png", **more):
    file = SimpleUploadedFile(name, sent() if content is None else content, "image/png")
    return client.post(PAGE, {"file": file, "alt": alt} | more)


def delete(client, image):
    return client.post(reverse("studio_image_delete", args=[image.pk]))


# ---- who may look --------------------------------------------------------------------------------------------------


def test_people_who_are_not_signed_in_are_asked_to(client, author):
    image = kept(author)
    assert reverse("studio_images") == PAGE
    assert client.get(PAGE).url == upload(client).url == f"{reverse('account_login')}?next={PAGE}"
    assert reverse("account_login") in delete(client, image).url
    assert Image.objects.get() == image


@pytest.mark.parametrize("role", [None, Role.INSTRUCTOR])
def test_only_authors_learn_that_it_exists(client, user, author, role):
    image = kept(author)
    if role:
        accounts.grant_role(user=user, role=role)
    client.force_login(user)
    assert client.get(PAGE).status_code == 404
    assert upload(client, sent(kind="JPEG")).status_code == 404
    assert delete(client, image).status_code == 404
    assert Image.objects.get() == image


def test_deleting_is_a_post(as_author, author):
    assert as_author.get(reverse("studio_image_delete", args=[kept(author).pk])).status_code == 405


# ---- uploading -----------------------------------------------------------------------------------------------------


def test_an_uploaded_image_comes_with_what_to_copy(as_author, author):
    reply = upload(as_author, alt="  A [red]   lamp ")
    image = Image.objects.get()
    assert reply.url == f"{PAGE}?image={image.pk}"
    assert (image.alt, image.uploaded_by) == ("A [red] lamp", author)
    page = as_author.get(reply.url).content.decode()
    assert page.count(f"![A \\[red\\] lamp](image:{image.pk})") == 2  # ready to use, and in the list
    assert f'<img src="{image.address}" alt="A [red] lamp" width="40" height="20" loading="lazy"' in page


def test_what_is_copied_shows_the_image(as_author):
    upload(as_author, alt="`A` *lamp* <b> & [more] \\ ![x](y)")
    image = Image.objects.get()
    assert 'alt="`A` *lamp* &lt;b&gt; &amp; [more] \\ ![x](y)"' in markdown.block(image.markdown)


def test_the_same_image_again_is_the_one_that_is_there(as_author, author):
    image = kept(author)
    assert upload(as_author, alt="Another").url == f"{PAGE}?image={image.pk}"
    assert Image.objects.get().alt == ALT


@pytest.mark.parametrize(
    ("content", "alt", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ALT, "no complete PNG"),
        (b"", ALT, "no complete PNG"),
        (moving("GIF"), ALT, "moves"),
        (sent(), "  ", "Say what the image shows"),
        (sent(), "x" * 301, "at most 300 characters"),
    ],
)
def test_what_cannot_be_kept_is_said_beside_the_field(as_author, content, alt, said):
    reply = upload(as_author, content, alt)
    assert reply.status_code == 422
    page = reply.content.decode()
    assert re.search(rf'<p class="error"[^>]*>.*?{said}', page, re.DOTALL)
    assert 'aria-invalid="true"' in page
    assert not Image.objects.exists()


def test_a_missing_file_is_asked_for(as_author):
    reply = as_author.post(PAGE, {"alt": "A <lamp>"})
    assert reply.status_code == 422
    assert "Choose a file." in text_of(reply)
    assert 'value="A &lt;lamp&gt;"' in reply.content.decode()  # what was typed stays


def test_too_large_a_file_is_refused_unread(as_author, settings):
    settings.IMAGE_MAXIMUM_BYTES = 50
    reply = upload(as_author)
    assert reply.status_code == 422
    assert "more than" in text_of(reply)


# ---- the list and deleting -----------------------------------------------------------------------------------------


def test_an_empty_bank_says_so(as_author):
    assert "No images yet" in text_of(as_author.get(PAGE))


def test_only_unused_images_can_be_deleted(as_author, author):
    used, unused = kept(author), kept(author, "A blue lamp", colour="blue")
    a_draft(author, an_exam(), choice(f"{used.markdown}\n\nWhich coat?"))
    page = as_author.get(PAGE).content.decode()
    assert reverse("studio_image_delete", args=[unused.pk]) in page
    assert reverse("studio_image_delete", args=[used.pk]) not in page
    assert delete(as_author, unused).url == PAGE
    delete(as_author, used)
    assert "A question shows this image" in text_of(as_author.get(PAGE))
    assert Image.objects.get() == used


def test_the_list_has_pages_and_costs_the_same(as_author, author):
    kept(author)
    counts = []
    for number in (0, PER_PAGE + 2):
        for shade in range(number):
            kept(author, f"Shade {shade}", colour=(shade, 1, 1))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page = text_of(as_author.get(PAGE))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 9
    assert "15 images" in page
    assert "Shade 13" in page  # the newest
    assert ALT in text_of(as_author.get(PAGE, {"page": "2"}))
    assert "Page 2 of 2" in text_of(as_author.get(PAGE, {"page": "999"}))


@pytest.mark.parametrize("asked", ["x", "0" * 64, "a\0b", "x" * 3_000])
def test_odd_addresses_are_no_error(as_author, asked):
    assert as_author.get(PAGE, {"image": asked, "page": asked}).status_code == 200
