"""Kinds: what content is sound, what a response means, and that only the key is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.template.loader import get_template
from hypothesis import assume, given
from hypothesis import strategies as st

from questions.kinds import KINDS, Content, ImpossibleResponse, OptionContent, Problem, PromptContent

TOKENS = ("k3", "a9", "z1", "m5", "q7", "b2", "w8", "d4")


def choices(*correct: bool) -> Content:
    return Content(tuple(OptionContent(f"Option {place}", "why", right) for place, right in enumerate(correct)))


def steps(*positions: int | None) -> Content:
    return Content(tuple(OptionContent(f"Step {place}", "why", position=at) for place, at in enumerate(positions)))


def pairs(options: int, *belongs: int) -> Content:
    prompts = tuple(PromptContent(f"Prompt {place}", "why", option) for place, option in enumerate(belongs))
    return Content(tuple(OptionContent(f"Option {place}", "why") for place in range(options)), prompts)


SOUND = {
    "multiple_choice": choices(False, False, True, False),
    "multiple_response": choices(False, True, False, True, False),
    "ordering": steps(2, None, 3, 1),
    "matching": pairs(4, 2, 2, 4),
}


def test_every_kind_has_a_sound_example_here():
    assert set(SOUND) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_sound_content_has_no_problems(kind):
    assert KINDS[kind].problems(SOUND[kind]) == []


@pytest.mark.parametrize(
    ("kind", "key", "slots", "chance"),
    [
        ("multiple_choice", (3,), 1, 1 / 4),
        ("multiple_response", (2, 4), 2, 1 / 10),
        ("ordering", (4, 1, 3), 3, 1 / 24),
        ("matching", (2, 2, 4), 3, 1 / 64),
    ],
)
def test_key_slots_and_chance(kind, key, slots, chance):
    content = SOUND[kind]
    assert (KINDS[kind].key(content), KINDS[kind].slots(content)) == (key, slots)
    assert KINDS[kind].chance(content) == pytest.approx(chance)


@pytest.mark.parametrize("kind", KINDS)
def test_the_templates_it_names_exist(kind):
    assert get_template(KINDS[kind].template)
    assert get_template(KINDS[kind].review_template)


@pytest.mark.parametrize(
    ("kind", "content", "problem"),
    [
        ("multiple_choice", choices(True, False, False), Problem("options", "has 3 options, must have 4")),
        ("multiple_choice", choices(*[False] * 4), Problem("options", "marks 0 options correct, must mark exactly 1")),
        (
            "multiple_choice",
            choices(True, True, False, False),
            Problem("options", "marks 2 options correct, must mark exactly 1"),
        ),
        (
            "multiple_response",
            choices(True, False, False, False, False),
            Problem("options", "marks 1 options correct, must mark at least 2 and not all"),
        ),
        (
            "multiple_response",
            choices(*[True] * 5),
            Problem("options", "marks 5 options correct, must mark at least 2 and not all"),
        ),
        ("multiple_response", choices(True, True, False, False), Problem("options", "has 4 options, must have 5 to 8")),
        ("ordering", steps(1, 2, None), Problem("options", "gives 2 options a position, must give 3 to 5")),
        (
            "ordering",
            steps(1, 3, 4),
            Problem("options", "positions must be 1 to 3, each once, not [1, 3, 4]"),
        ),
        (
            "ordering",
            steps(1, 2, 2),
            Problem("options", "positions must be 1 to 3, each once, not [1, 2, 2]"),
        ),
        ("matching", pairs(4, 1, 2), Problem("prompts", "has 2 prompts, must have 3 to 7")),
        ("matching", pairs(3, 1, 2, 4), Problem("prompts.2.option", "names an option that does not exist")),
        ("matching", pairs(3, 0, 2, 3), Problem("prompts.0.option", "names an option that does not exist")),
    ],
)
def test_unsound_content_is_named(kind, content, problem):
    assert problem in KINDS[kind].problems(content)


@pytest.mark.parametrize(
    ("kind", "stranger", "where"),
    [
        ("multiple_choice", steps(1, 2, 3, None), "options.0.position"),
        ("multiple_choice", pairs(4, 1, 2, 3), "prompts"),
        ("multiple_response", pairs(5, 1, 2, 3), "prompts"),
        ("multiple_response", steps(1, 2, 3, None, None), "options.1.position"),
        ("ordering", choices(True, False, False), "options.0.correct"),
        ("ordering", pairs(3, 1, 2, 3), "prompts"),
        ("matching", choices(False, True, False), "options.1.correct"),
        ("matching", steps(None, None, 1), "options.2.position"),
    ],
)
def test_what_belongs_to_another_kind_is_refused(kind, stranger, where):
    assert where in {problem.where for problem in KINDS[kind].problems(stranger)}


# ---- responses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "slots", "posted", "response"),
    [
        ("multiple_choice", 1, [], ()),
        ("multiple_choice", 1, ["a9"], ("a9",)),
        ("multiple_response", 2, ["m5", "a9"], ("a9", "m5")),  # in display order, whatever was clicked first
        ("multiple_response", 2, ["m5"], ("m5",)),
        ("ordering", 3, ["z1", "k3"], ("z1", "k3")),
        ("matching", 3, ["", "", ""], ()),
        ("matching", 3, ["a9", "", "a9"], ("a9", "", "a9")),
    ],
)
def test_what_a_candidate_may_give(kind, slots, posted, response):
    assert KINDS[kind].parse(posted, tokens=TOKENS[:5], slots=slots) == response


@pytest.mark.parametrize(
    ("kind", "slots", "posted", "sentence"),
    [
        ("multiple_choice", 1, ["a9", "z1"], "This question takes one option."),
        ("multiple_choice", 1, ["zz"], "The answer names an option that this question does not have."),
        ("multiple_choice", 1, [""], "The answer names an option that this question does not have."),
        ("multiple_response", 2, ["a9", "a9"], "The answer names an option twice."),
        ("multiple_response", 2, ["a9", "z1", "m5"], "This question takes 2 options, not 3."),
        ("multiple_response", 2, ["a9", ""], "The answer names an option that this question does not have."),
        ("ordering", 3, ["a9", "z1", "a9"], "The answer names an option twice."),
        ("ordering", 3, ["a9", "z1", "k3", "m5"], "This question takes 3 steps, not 4."),
        ("ordering", 3, ["a9", "b2"], "The answer names an option that this question does not have."),
        ("matching", 3, ["a9", "a9"], "This question takes 3 matches, not 2."),
        ("matching", 3, ["a9", "a9", "a9", ""], "This question takes 3 matches, not 4."),
        ("matching", 3, ["a9", "", "b2"], "The answer names an option that this question does not have."),
    ],
)
def test_an_impossible_response_is_refused(kind, slots, posted, sentence):
    with pytest.raises(ImpossibleResponse) as refused:
        KINDS[kind].parse(posted, tokens=TOKENS[:4], slots=slots)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(("kind", "response"), [("ordering", ("a9", "z1")), ("matching", ("a9", "", "a9"))])
def test_an_unfinished_response_is_not_complete(kind, response):
    assert not KINDS[kind].is_complete(response, slots=3)
    assert KINDS[kind].is_complete(("a9", "z1", "k3"), slots=3)


@st.composite
def contents(draw: Callable[..., Any], kind: str) -> Content:
    """Any content that the kind calls sound."""
    if kind == "multiple_choice":
        return choices(*draw(st.permutations([True, False, False, False])))
    if kind == "multiple_response":
        right, wrong = draw(st.integers(2, 4)), draw(st.integers(1, 4))
        assume(right + wrong >= 5)
        return choices(*draw(st.permutations([True] * right + [False] * wrong)))
    if kind == "ordering":
        placed, left_out = draw(st.integers(3, 5)), draw(st.integers(0, 1))
        return steps(*draw(st.permutations([*range(1, placed + 1), *[None] * left_out])))
    options = draw(st.integers(3, 8))
    return pairs(options, *draw(st.lists(st.integers(1, options), min_size=3, max_size=7)))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_the_key_is_right(kind, data):
    content = data.draw(contents(kind))
    key = tuple(TOKENS[number - 1] for number in KINDS[kind].key(content))
    response = KINDS[kind].parse(key, tokens=TOKENS[: len(content.options)], slots=KINDS[kind].slots(content))
    assert KINDS[kind].problems(content) == []
    assert KINDS[kind].is_complete(response, slots=KINDS[kind].slots(content))
    assert KINDS[kind].is_correct(response, key)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_anything_but_the_key_is_wrong_and_parsing_again_changes_nothing(kind, data):
    content = data.draw(contents(kind))
    strategy, tokens = KINDS[kind], TOKENS[: len(content.options)]
    key = [TOKENS[number - 1] for number in strategy.key(content)]
    posted = data.draw(st.one_of(st.permutations(key), st.lists(st.sampled_from(["", *tokens]), max_size=8)))
    try:
        response = strategy.parse(posted, tokens=tokens, slots=strategy.slots(content))
    except ImpossibleResponse:
        return
    assert strategy.parse(response, tokens=tokens, slots=strategy.slots(content)) == response
    same = sorted(posted) == sorted(key) if kind == "multiple_response" else list(posted) == key
    assert strategy.is_correct(response, key) == same


# ---- wrong responses of simulated candidates --------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_a_wrong_response_is_complete_possible_and_wrong(kind, data, seed):
    content = data.draw(contents(kind))
    strategy, tokens = KINDS[kind], TOKENS[: len(content.options)]
    numbers = strategy.wrong(content, [1.0] * len(tokens), np.random.default_rng(seed))
    response = strategy.parse([tokens[n - 1] for n in numbers], tokens=tokens, slots=strategy.slots(content))
    assert strategy.is_complete(response, slots=strategy.slots(content))
    assert not strategy.is_correct(response, tuple(tokens[number - 1] for number in strategy.key(content)))


@pytest.mark.parametrize(("kind", "ways"), [("multiple_choice", 3), ("multiple_response", 9), ("ordering", 7)])
def test_there_are_many_ways_to_be_wrong(kind, ways):
    rng = np.random.default_rng(1)
    given = [KINDS[kind].wrong(SOUND[kind], [1.0] * 5, rng) for _ in range(300)]
    assert len({tuple(sorted(one)) if kind == "multiple_response" else one for one in given}) == ways


def test_a_matching_goes_wrong_at_one_prompt_or_between_two():
    rng, key = np.random.default_rng(1), (2, 2, 4)
    given = [KINDS["matching"].wrong(SOUND["matching"], [1.0] * 4, rng) for _ in range(300)]
    amiss = [sum(one != right for one, right in zip(response, key, strict=True)) for response in given]
    assert set(amiss) == {1, 2}
    assert all(sorted(response) == sorted(key) for response, count in zip(given, amiss, strict=True) if count == 2)


def test_distractors_are_chosen_by_their_appeal():
    rng, content, appeal = np.random.default_rng(1), SOUND["multiple_choice"], [1.0, 2.0, 9.0, 5.0]
    chosen = [KINDS["multiple_choice"].wrong(content, appeal, rng)[0] for _ in range(4000)]
    for number, share in ((1, 1 / 8), (2, 2 / 8), (4, 5 / 8)):
        assert abs(chosen.count(number) / 4000 - share) < 3 * (share * (1 - share) / 4000) ** 0.5
