"""Questions with images on their way out and back: no address of ours goes out, and nothing is lost in silence."""

from __future__ import annotations

import io
import zipfile

import pytest

from questions.interchange.exporting import export, wordings
from questions.interchange.formats import FORMATS
from questions.interchange.importing import Fate, plan
from tests.questions.pictures import kept
from tests.questions.studio import a_published, an_author, an_exam, choice

pytestmark = pytest.mark.django_db

WITHOUT = [name for name in FORMATS if name not in ("pack", "aiken")]


def text_of(data: bytes) -> str:
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return data.decode()
    archive = zipfile.ZipFile(io.BytesIO(data))
    return "\n".join(archive.read(name).decode() for name in archive.namelist())


@pytest.fixture
def small(db):
    return an_exam()


@pytest.fixture
def image(small):
    author = an_author()
    found = kept(author)
    a_published(author, an_author(), small, choice(f"A tailor.\n\n{found.markdown}\n\nWhich coat?"), "tst-1")
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_the_loss_is_named_and_the_words_stay(small, image, name):
    made = export(revisions=wordings(exam=small), to=FORMATS[name], exam=small)
    assert ("images" in [loss.what for loss in made.losses]) is (name != "pack")
    text = text_of(made.data)
    assert "/images/" not in text
    assert "<img" not in text
    assert name == "aiken" or image.alt in text


@pytest.mark.parametrize("name", ["qti", "qti22"])
def test_what_stands_after_an_image_is_not_inside_it(small, image, name):
    made = export(revisions=wordings(exam=small), to=FORMATS[name], exam=small)
    assert f"<p>{image.alt}</p>\n<p>Which coat?</p>" in text_of(made.data)


@pytest.mark.parametrize("name", WITHOUT)
def test_what_comes_back_as_it_went_out_changes_nothing(small, image, name):
    format_ = FORMATS[name]
    made = export(revisions=wordings(exam=small), to=format_, exam=small)
    [row] = plan(made.data, name=f"q{format_.extensions[0]}", format_name=name, exam=small).rows
    assert row.fate == Fate.UNCHANGED


def test_a_change_that_would_lose_the_image_says_so(small, image):
    made = export(revisions=wordings(exam=small), to=FORMATS["moodle"], exam=small)
    changed = made.data.replace(b"Which coat?", b"Which jacket?")
    [row] = plan(changed, name="q.xml", exam=small).rows
    assert row.fate == Fate.CHANGED
    assert "images" in [loss.what for loss in row.losses]
