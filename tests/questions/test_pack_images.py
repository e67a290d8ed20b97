"""Images that packs bring."""

from __future__ import annotations

import pytest

from questions.models import Image, Revision, ScenarioRevision
from questions.pack.lint import lint
from questions.pack.reader import PackErrors, read_pack
from tests.questions.material import loaded, matching, option, pack, question, scenario
from tests.questions.pictures import drawn, sent

LAMP = "![A lamp](image:lamp.png)"


def bring(folder, name="lamp.png", content=None):
    (folder / "images").mkdir(exist_ok=True)
    (folder / "images" / name).write_bytes(sent() if content is None else content)
    return folder


def errors(folder, *questions, **more):
    with pytest.raises(PackErrors) as refused:
        pack(folder, *questions, **more)
    return [str(error) for error in refused.value.errors]


def stem(text):
    return question(1, stem=f"{text}\n\nWhich option is right?")


@pytest.mark.django_db
def test_a_pack_brings_its_images(tmp_path):
    bring(tmp_path)
    pairs = matching(2)
    pairs["prompts"][0]["text"] += f" {LAMP}"
    options = [option(f"Right {LAMP}", correct=True), option("Wrong"), option("Amiss"), option("Astray")]
    case = [question(number, scenario="tst-case") for number in (3, 4)]
    report = loaded(
        tmp_path, question(1, stem=f"{LAMP}\n\nWhich?", options=options), pairs, *case,
        scenarios=[scenario(text=f"See {LAMP}.")],
    )  # fmt: skip
    assert len(report.added) == 4
    image = Image.objects.get()
    assert (image.alt, image.uploaded_by) == ("A lamp", None)
    row = Revision.objects.with_content().get(question__public_id="tst-001")
    assert row.stem == f"![A lamp](image:{image.pk})\n\nWhich?"
    case_html = ScenarioRevision.objects.get(scenario__public_id="tst-case").html
    for html in (row.stem_html, row.options.all()[0].html, case_html,
                 Revision.objects.with_content().get(question__public_id="tst-002").prompts.all()[0].html):  # fmt: skip
        assert f'src="{image.address}"' in html


@pytest.mark.django_db
def test_loading_it_again_changes_nothing(tmp_path):
    bring(tmp_path, content=sent(drawn(), "JPEG"))  # what it is, is decided by its bytes
    loaded(tmp_path, stem(LAMP))
    assert loaded(tmp_path, stem(LAMP)).unchanged == ["tst-001"]
    assert Image.objects.get().media_type == "image/jpeg"


@pytest.mark.django_db
def test_there_and_back_by_the_hash(tmp_path):
    """What a bank holds goes into a pack as it is stored, and comes back as the same wording."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    loaded(bring(tmp_path / "one", content=sent(drawn(), "JPEG")), stem(LAMP))
    image, row = Image.objects.get(), Revision.objects.get(question__public_id="tst-001")
    exported = bring(tmp_path / "two", f"{image.pk}.jpg", bytes(image.content))
    again = question(1, stem=row.stem)
    assert loaded(exported, again).unchanged == ["tst-001"]
    assert Image.objects.count() == 1
    (exported / "images" / f"{image.pk}.jpg").unlink()
    assert loaded(exported, again).unchanged == ["tst-001"]  # the bank has it


@pytest.mark.django_db
def test_another_image_of_the_same_name_is_a_new_wording(tmp_path):
    loaded(bring(tmp_path), stem(LAMP))
    assert loaded(bring(tmp_path, content=sent(drawn(colour="blue"))), stem(LAMP)).changed == ["tst-001"]
    assert Image.objects.count() == 2


@pytest.mark.django_db
def test_a_hash_that_nobody_has_is_an_error_and_nothing_is_loaded(tmp_path):
    with pytest.raises(PackErrors, match="stem: there is no image abababababab"):
        loaded(bring(tmp_path), stem(f"{LAMP} ![x](image:{'ab' * 32})"))
    assert not Image.objects.exists()
    assert not Revision.objects.filter(question__public_id="tst-001").exists()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("![](image:lamp.png)", "stem: An image has no words"),
        ("![A lamp](image:other.png)", "stem: there is no file images/other.png"),
        ("![A lamp](image:../exam.yaml)", "stem: An image comes from elsewhere"),
        ("![A lamp](https://example.com/lamp.png)", "stem: An image comes from elsewhere"),
        ("![A lamp][there]\n\n[there]: image:lamp.png", "stem: write the address of lamp.png beside its words"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, written, said):
    (error,) = errors(bring(tmp_path), stem(written))
    assert "questions/all.yaml:" in error
    assert said in error


def test_every_text_is_looked_at(tmp_path):
    broken = question(
        1, options=[option("Right", correct=True), option("![](image:lamp.png)"), option("A"), option("B")]
    )
    assert "options.2.text: An image has no words" in errors(bring(tmp_path), broken)[0]


@pytest.mark.parametrize("content", [b"", b"<svg/>", sent()[:-30]])
def test_a_file_that_is_no_image_is_an_error(tmp_path, content):
    (error,) = errors(bring(tmp_path, content=content), stem(LAMP))
    assert "images/lamp.png:1: This is no complete PNG" in error


def test_a_file_that_is_too_large_is_an_error(tmp_path, settings):
    settings.IMAGE_MAXIMUM_BYTES = 10
    assert "images/lamp.png:1: The image has more than" in errors(bring(tmp_path), stem(LAMP))[0]


def test_what_no_question_shows_is_not_read(tmp_path):
    bring(tmp_path, "other.png", b"nothing")
    assert list(pack(bring(tmp_path), stem(LAMP)).images) == ["lamp.png"]
    assert read_pack(tmp_path).images.keys() == {"lamp.png"}


def test_lint_judges_words_and_not_addresses(tmp_path):
    found = lint([pack(bring(tmp_path), stem(LAMP), question(2, stem="Lamps hang there.\n\nWhich is it?"))])[1]
    assert not [one for one in found if one.rule in ("alike", "lengths")]
