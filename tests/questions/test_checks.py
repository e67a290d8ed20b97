"""Checks beside the editor: what blocks publication, what is advised, and where it stands."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questions import checks, diff
from questions.kinds import OptionContent
from questions.likeness import nearest
from questions.pack.wording import wording
from questions.writing import PLACE, ReferenceContent, Writing
from tests.questions.studio import (
    BECAUSE,
    EVERY_KIND,
    STEMS,
    a_draft,
    a_published,
    choice,
    fresh,
    matching,
    ordering,
)


def found(writing: Writing) -> set[tuple[str, str, str]]:
    return {(one.rule, one.place, one.severity) for one in checks.check_wording(writing)}


def option(number: int, **changes: object) -> Writing:
    options = list(choice().options)
    options[number - 1] = replace(options[number - 1], **changes)  # type: ignore[arg-type]
    return choice(options=tuple(options))


def reference(title: str, url: str) -> Writing:
    return choice(references=(ReferenceContent(title, url),))


@pytest.mark.parametrize("writing", EVERY_KIND, ids=lambda one: one.kind)
def test_a_sound_question_has_no_findings(writing):
    assert found(writing) == set()


@pytest.mark.parametrize(
    ("writing", "expected"),
    [
        (choice(""), ("missing", "stem", "error")),
        (choice("a" * 6_001), ("length", "stem", "error")),
        (option(2, text=" "), ("missing", "option 2", "error")),
        (option(3, rationale=""), ("missing", "rationale 3", "error")),
        (option(3, rationale="So it is."), ("length", "rationale 3", "error")),
        (option(3, rationale="So it is, and that is all."), ("rationale", "rationale 3", "warning")),
        (option(2, text="waxed COTTON"), ("repeats", "option 2", "error")),
        (option(1, correct=False), ("kind", "options", "error")),
        (option(2, position=1), ("kind", "key 2", "error")),
        (choice(options=choice().options[:2]), ("kind", "options", "error")),
        (choice(references=()), ("missing", "references", "error")),
        (reference("", "https://docs.example.com/"), ("missing", "reference 1", "error")),
        (reference("The manual", ""), ("missing", "reference 1", "error")),
        (reference("The manual", "javascript:alert(1)"), ("reference", "reference 1", "error")),
        (reference("The manual", "http://docs.example.com/"), ("reference", "reference 1", "warning")),
        (replace(matching(), prompts=matching().prompts[:2]), ("kind", "prompts", "error")),
        (replace(ordering(), options=ordering().options[:2]), ("kind", "options", "error")),
        (option(2, text="All of the above"), ("speaks-of-others", "option 2", "warning")),
        (choice("It rains.\n\nWhich coat is not dry?"), ("negative", "stem", "warning")),
        (option(1, text="Always waxed cotton"), ("absolute-word", "options", "warning")),
        (option(2, text="Waxed cotton and wool"), ("overlap", "option 1", "warning")),
        (option(2, text="Loose linen."), ("endings", "options", "warning")),
        (option(1, text="Waxed cotton " * 5), ("lengths", "options", "warning")),
    ],
)  # fmt: skip
def test_each_flaw_is_found_where_it_stands(writing, expected):
    assert expected in found(writing)


def test_a_prompt_without_its_option_is_named():
    prompts = (replace(matching().prompts[0], option=0), *matching().prompts[1:])
    (one,) = checks.check_wording(replace(matching(), prompts=prompts))
    assert (one.place, one.message) == ("match 1", "Prompt 1 is not matched with an option.")


texts = st.text(max_size=60)
options = st.lists(st.builds(OptionContent, texts, texts, st.booleans(), st.none() | st.integers(0, 12)), max_size=5)
kinds = st.sampled_from(["multiple_choice", "multiple_response", "ordering", "matching"])


@given(st.builds(Writing, kinds, texts, options.map(tuple)))
def test_whatever_is_typed_every_finding_has_a_place_and_a_sentence(writing):
    findings = checks.check_wording(writing)
    assert findings  # nothing typed at random has references
    for one in findings:
        assert PLACE.fullmatch(one.place)
        assert one.message[0] == one.message[0].upper()
        assert one.message[-1] in ".?!"


# ---- the bank --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_near_duplicates_are_named(author, reviewer, small):
    a_published(author, reviewer, small, public_id="tst-901")
    draft = a_draft(author, small, choice(STEMS[1].replace("wet", "rainy")), "tst-902")
    (one,) = checks.check_revision(fresh(draft))
    assert (one.rule, one.severity, one.others) == ("alike", "warning", ("tst-901",))
    assert one.message == "The stem is much like that of tst-901."
    assert checks.check_likeness(stem=STEMS[2]) == []


@pytest.mark.django_db
def test_a_question_without_an_exam_is_an_error(author, small):
    draft = a_draft(author, small)
    draft.question.placements.all().delete()
    assert [(one.rule, one.severity) for one in checks.check_revision(fresh(draft))] == [("placement", "error")]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 12])
def test_checking_takes_a_constant_number_of_statements(author, small, count, django_assert_num_queries):
    drafts = [a_draft(author, small, choice(f"{STEMS[1]} {number}")) for number in range(count)]
    with django_assert_num_queries(2):
        checks.check(writing=choice(), question=drafts[0].question)


def test_the_nearest_come_first_and_strangers_not_at_all():
    near, same, far = STEMS[1].replace("wet", "rainy"), STEMS[1], STEMS[2]
    assert [place for place, _ in nearest(STEMS[1], [far, near, same])] == [2, 1]


# ---- ratings ---------------------------------------------------------------------------------------------------------


def rating(*values: int) -> list[tuple[str, str]]:
    return [(one.rule, one.severity) for one in checks.check_ratings(writing=choice(), ratings={"TST-01": values})]


def test_the_scale_of_ratings():
    assert checks.rating_bounds(choice()) == (30, 97)
    assert rating(60, 70, 80) == []
    assert rating(7, 60) == [("rating", "error")]  # 0.7 for 70
    assert rating(98) == [("rating", "error")]
    assert rating(95, 96) == [("rating", "warning")]
    assert rating(45, 80) == [("rating-spread", "warning")]
    assert rating() == []


@pytest.mark.parametrize(
    ("stem", "is_negative"),
    [
        ("It rains. Which coat is not wet?", True),
        ("Is it wet? Which coat is it never?", True),
        ("Which coat is **not** wet?", False),
        ("Which coat is wet? It is not this one.", False),
        ("It is not wet. Which coat is it?", False),
        ("Which coat? Is it not wet?", False),
    ],
)
def test_an_unmarked_not_is_named(stem, is_negative):
    assert (("negative", "stem", "warning") in found(choice(stem))) == is_negative


def test_a_stem_that_asks_without_end_is_judged_in_no_time():
    start = time.perf_counter()
    assert ("negative", "stem", "warning") not in found(choice("which not " * 2_000))
    assert ("negative", "stem", "warning") in found(choice("which not " * 2_000 + "?"))
    assert time.perf_counter() - start < 5


# ---- differences -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writing", EVERY_KIND, ids=lambda one: one.kind)
def test_equal_wordings_do_not_differ(writing):
    assert diff.compare(writing, writing) == []


def test_words_are_compared():
    (one,) = diff.compare(choice("A wet day. Which coat?"), choice("A very wet night. Which coat?"))
    assert one.place == "stem"
    assert [(part.change, part.text) for part in one.segments] == [
        ("equal", "A"), ("added", " very"), ("equal", " wet "), ("removed", "day"), ("added", "night"),
        ("equal", ". Which coat?"),
    ]  # fmt: skip


@given(texts, texts)
def test_a_difference_holds_both_texts(old, new):
    parts = diff.segments(old, new)
    assert "".join(part.text for part in parts if part.change != "removed") == new
    assert "".join(part.text for part in parts if part.change != "added") == old


@pytest.mark.parametrize(
    ("old", "new"),
    [("a " * 10_000, "a." * 10_000), ("a " * 1_000, "a." * 1_000), ("a\n" * 10_000, "a\nb\n" * 5_000)],
)
def test_long_texts_are_compared_in_no_time(old, new):
    start = time.perf_counter()
    parts = diff.segments(old, new)
    assert "".join(part.text for part in parts if part.change != "removed") == new
    assert "".join(part.text for part in parts if part.change != "added") == old
    assert time.perf_counter() - start < 5


def test_very_long_texts_are_compared_by_paragraphs():
    first, last = "One word. " * 400 + "\n\n", "Another word. " * 400
    parts = diff.segments(f"{first}Wet.\n\n{last}", f"{first}Very wet.\n\n{last}")
    assert [(part.change, part.text) for part in parts] == [
        ("equal", first), ("removed", "Wet.\n\n"), ("added", "Very wet.\n\n"), ("equal", last),
    ]  # fmt: skip


def test_a_moved_option_is_not_a_new_one():
    first, second, *rest = choice().options
    moved = choice(options=(second, first, *rest))
    assert [one.place for one in diff.compare(choice(), moved)] == ["options"]


def test_places_are_named_as_in_the_new_wording():
    shorter = choice(options=choice().options[1:])
    assert [one.place for one in diff.compare(choice(), shorter)] == ["option 1", "key 1", "rationale 1"]
    other = option(2, rationale=f"{BECAUSE} Indeed.")
    assert [one.place for one in diff.compare(choice(), other)] == ["rationale 2"]


@given(st.builds(Writing, kinds, texts, options.map(tuple)), st.builds(Writing, kinds, texts, options.map(tuple)))
def test_whatever_differs_is_said(old, new):
    differs = wording(replace(old, kind="")) != wording(replace(new, kind=""))
    places = [one.place for one in diff.compare(old, new)]
    assert bool(places) == differs
    assert all(PLACE.fullmatch(place) for place in places)
