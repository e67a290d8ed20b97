"""Images as they are served: to whom, and under which headers."""

from __future__ import annotations

import gzip

import pytest

from questions.models import Image
from questions.services import images
from tests.accounts.factories import UserFactory
from tests.questions.pictures import drawn, kept, sent


@pytest.fixture
def image(author):
    return kept(author)


@pytest.fixture
def person(client, db):
    client.force_login(UserFactory())
    return client


def body(reply):
    return gzip.decompress(reply.content) if reply.get("Content-Encoding") == "gzip" else reply.content


def test_people_who_are_not_signed_in_find_nothing(client, image):
    reply = client.get(image.address)
    assert reply.status_code == 404
    assert client.head(image.address).status_code == 404
    assert client.get(image.address, headers={"If-None-Match": f'"{image.pk}"'}).status_code == 404
    assert "immutable" not in reply.get("Cache-Control", "")


def test_who_knows_the_address_sees_the_image(person, image):
    reply = person.get(image.address)
    assert body(reply) == bytes(Image.objects.get().content)
    assert reply["Content-Type"] == "image/png"
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert reply["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Cookie" in reply["Vary"]  # whoever signs in next does not get it out of the browser's cache
    assert reply["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert image.pk in reply["ETag"]


@pytest.mark.parametrize(
    ("kind", "media_type", "extension"), [("JPEG", "image/jpeg", "jpg"), ("WEBP", "image/webp", "webp")]
)
def test_the_type_is_what_the_bytes_are(person, author, kind, media_type, extension):
    image = images.store(content=sent(drawn(), kind), alt="A lamp", by=author)
    assert image.address.endswith(f".{extension}")
    assert person.get(image.address)["Content-Type"] == media_type
    for other in {"png", "jpg", "webp", "svg", "html"} - {extension}:
        assert person.get(f"/images/{image.pk}.{other}").status_code == 404


def test_what_a_browser_has_is_not_sent_again(person, image):
    tag = person.get(image.address)["ETag"]
    reply = person.get(image.address, headers={"If-None-Match": tag})
    assert (reply.status_code, reply.content) == (304, b"")
    assert reply["Cache-Control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("address", [f"/images/{'0' * 64}.png", "/images/x.png", "/images/", f"/images/{'A' * 64}.png"])
def test_what_is_not_there_is_not_found(person, image, address):
    assert person.get(address).status_code == 404


def test_nothing_is_written_there(person, image):
    assert person.post(image.address).status_code == 405


def test_it_costs_one_statement_besides_session_and_person(person, image, django_assert_num_queries):
    kept(image.uploaded_by, colour="blue")
    with django_assert_num_queries(3):
        person.get(image.address)
