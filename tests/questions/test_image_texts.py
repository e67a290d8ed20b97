"""Images in texts: how they are shown, what is an error, and that their addresses are no words."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from questions import checks, markdown
from questions.flaws import flaws_of
from questions.kinds import OptionContent
from questions.likeness import plain
from questions.mentions import Mention, mentions, words
from questions.models import Revision
from questions.services import scenarios
from questions.services.base import Refused
from questions.services.review import Blocked
from tests.questions.pictures import kept
from tests.questions.studio import BECAUSE, a_published, choice, matching

HASH = "ab" * 32
KNOWN = {HASH: SimpleNamespace(address=f"/images/{HASH}.png", width=40, height=20)}
SHOWN = f'<img class="picture" src="/images/{HASH}.png" alt="A lamp" width="40" height="20" decoding="async">'


def test_an_image_of_ours_is_shown_with_its_words_and_size():
    assert markdown.block(f"See\n\n![A lamp](image:{HASH})", KNOWN) == f"<p>See</p>\n<p>{SHOWN}</p>"
    assert markdown.inline(f"![A lamp](image:{HASH})", KNOWN) == SHOWN


@pytest.mark.parametrize(
    "written",
    [
        f"![](image:{HASH})",
        f"![  ](image:{HASH})",
        f"![A lamp](image:{'0' * 64})",
        f"![A lamp](image:{HASH}.svg)",
        f"![A lamp](image:{HASH}?x)",
        "![A lamp](image:lamp.png)",
        "![A lamp](https://example.com/lamp.png)",
        "![A lamp](//example.com/lamp.png)",
        "![A lamp](/account/logout/)",
        f"![A lamp](/images/{HASH}.png)",
        "![A lamp](data:image/png;base64,AAAA)",
    ],
)
def test_any_other_image_is_left_out(written):
    assert markdown.block(f"See {written}", KNOWN) == "<p>See </p>"


def test_words_of_an_image_cannot_break_out():
    html = markdown.block(f'![A "lamp" onerror=x <b> > &](image:{HASH} "a title")', KNOWN)
    assert html.count("<") == 3  # a paragraph around the image, whose words are escaped
    assert 'alt="A &quot;lamp&quot; onerror=x &lt;b&gt; &gt; &amp;"' in html
    assert "title" not in html


def test_an_image_in_code_is_code():
    assert "<img" not in markdown.block(f"`![A lamp](image:{HASH})`", KNOWN)
    assert mentions(f"`![A lamp](image:{HASH})`") == []


def test_the_last_words_of_a_stem_are_the_question_though_an_image_follows():
    html = markdown.stem(f"A shop.\n\nWhich one?\n\n![A lamp](image:{HASH})", KNOWN)
    assert html == f'<p>A shop.</p>\n<p class="ask">Which one?</p>\n<p>{SHOWN}</p>'
    assert 'class="ask"' not in markdown.stem(f"![A lamp](image:{HASH})", KNOWN)


def test_relative_links_stay_refused():
    for address in ("/account/logout/", "logout", f"/images/{HASH}.png", "//x.org", "image:x", "?a=b", "#top"):
        assert "href" not in markdown.block(f"[click]({address})")


def test_words_stand_in_for_images():
    text = f"One ![A [red] lamp](image:{HASH}) and ![two](<image:{HASH}>)"
    assert words(text) == "One A [red] lamp and two"
    assert plain(text) == "one a [red] lamp and two"
    assert markdown.without_images(markdown.inline(f"a ![b > c](image:{HASH}) d", KNOWN)) == "a b &gt; c d"
    assert mentions(text) == [Mention("A [red] lamp", f"image:{HASH}"), Mention("two", f"image:{HASH}")]


def test_an_address_is_no_length_and_no_likeness():
    options = [OptionContent(f"Coat {place} ![a coat](image:{HASH})" if place == 1 else f"Coat {place} of wool",
                             BECAUSE, place == 1) for place in range(1, 5)]  # fmt: skip
    assert list(flaws_of(choice(options=tuple(options)))) == []


# ---- checks --------------------------------------------------------------------------------------------------------


def found(writing, check=checks.check_wording):
    return [(one.place, one.message) for one in check(writing) if one.rule == "image"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"![](image:{HASH})", "no words"),
        ("![A lamp](https://example.com/lamp.png)", "elsewhere"),
        ("![A lamp](image:lamp.png)", "elsewhere"),
    ],
)
def test_images_without_words_and_from_elsewhere_are_errors_wherever_they_stand(written, said):
    pairs = matching()
    parts = replace(
        pairs,
        stem=f"{pairs.stem} {written}",
        options=(replace(pairs.options[0], text=written, rationale=written), *pairs.options[1:]),
        prompts=(replace(pairs.prompts[0], text=written, rationale=written), *pairs.prompts[1:]),
    )
    assert [place for place, message in found(parts) if said in message] == [
        "stem", "option 1", "rationale 1", "prompt 1", "prompt rationale 1",
    ]  # fmt: skip
    assert all(one.severity == "error" for one in checks.check_wording(parts) if one.rule == "image")


def test_an_image_that_the_bank_does_not_have_is_an_error(author, django_assert_num_queries):
    image = kept(author)
    stem = f"See ![A lamp](image:{HASH}) and {image.markdown}.\n\nWhich?"
    with django_assert_num_queries(1):
        assert found(choice(stem), checks.check_images) == [("stem", f"There is no image {HASH[:12]}… in the bank.")]
    assert checks.check_images(choice(image.markdown)) == []
    with django_assert_num_queries(0):
        assert checks.check_images(choice()) == []


# ---- publishing ----------------------------------------------------------------------------------------------------


def test_a_published_question_shows_its_images_everywhere(author, reviewer, small, django_assert_max_num_queries):
    image = kept(author)
    options = tuple(
        replace(one, text=f"{one.text} {image.markdown}", rationale=f"{one.rationale} {image.markdown}")
        for one in choice().options
    )
    revision = a_published(author, reviewer, small, choice(f"A tailor.\n\n{image.markdown}\n\nWhich?", options=options))
    row = Revision.objects.with_content().get(pk=revision.pk)
    with django_assert_max_num_queries(0):
        for html in (row.stem_html, *(part for one in row.options.all() for part in (one.html, one.rationale_html))):
            assert html.count(f'src="{image.address}"') == 1


def test_a_question_with_an_unknown_image_is_not_published(author, reviewer, small):
    with pytest.raises(Blocked):
        a_published(author, reviewer, small, choice(f"![A lamp](image:{HASH})\n\nWhich coat is it?"))


def test_scenarios_show_images_and_refuse_what_is_wrong(author):
    image = kept(author)
    made = scenarios.create_scenario(public_id="a-case", title="A case", text=f"See {image.markdown}", by=author)
    assert f'src="{image.address}"' in made.html
    for text in ("![](image:" + image.pk + ")", f"![A lamp](image:{HASH})", "![A lamp](https://example.com/x.png)"):
        with pytest.raises(Refused):
            scenarios.reword_scenario(scenario=made.scenario, title="A case", text=text, expected_number=1, by=author)
