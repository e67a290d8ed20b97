import math
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from psychometrics import classical
from psychometrics.classical import DistractorTable, Option, distractor_table, score_groups

NAN = math.nan
CHOICES = st.lists(
    st.lists(st.sampled_from(["A", "B", "C", None]), min_size=3, max_size=3), min_size=2, max_size=12
).map(lambda rows: np.array(rows, dtype=object))


def option(table: DistractorTable, label: object) -> Option:
    (found,) = [one for one in table.options if one.label == label]
    return found


def one_item(chosen: list[Any], scores: list[float], key: object = "A", groups: int = 3) -> DistractorTable:
    return distractor_table([[choice] for choice in chosen], [key], scores, groups)[0]


def test_counts_shares_and_thirds_of_an_item_worked_by_hand() -> None:
    table = one_item(list("BBCABAAAC"), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert (table.item, table.n, table.key) == (0, 9, "A")
    assert table.group_sizes == (3, 3, 3)
    assert [(one.label, one.is_key, one.n, one.share) for one in table.options] == [
        ("A", True, 4, 4 / 9),
        ("B", False, 3, 3 / 9),
        ("C", False, 2, 2 / 9),
    ]
    assert [list(one.group_shares) for one in table.options] == [
        [0, 2 / 3, 2 / 3],
        [2 / 3, 1 / 3, 0],
        [1 / 3, 0, 1 / 3],
    ]
    assert not table.flagged


def test_given_scores_correlate_as_they_are() -> None:
    chosen, scores = list("BBCABAAAC"), [1.0, 2, 3, 4, 5, 6, 7, 8, 9.5]
    table = one_item(chosen, scores)
    for label in "ABC":
        wanted = np.corrcoef([choice == label for choice in chosen], scores)[0, 1]
        assert option(table, label).correlation == pytest.approx(wanted)


def test_without_scores_the_key_correlates_as_the_item_does_with_its_rest() -> None:
    rng = np.random.default_rng(1)
    choices = rng.integers(0, 4, size=(60, 8)).astype(np.float64)
    choices[rng.random(choices.shape) < 0.2] = NAN
    keys = [0, 1, 2, 3, 0, 1, 2, 3]
    responses = np.where(np.isnan(choices), NAN, choices == np.array(keys))
    found = [option(table, key).correlation for table, key in zip(distractor_table(choices, keys), keys, strict=True)]
    assert found == pytest.approx(classical.point_biserial(responses).tolist())


def test_without_scores_groups_follow_the_share_of_right_answers() -> None:
    rng = np.random.default_rng(2)
    choices = rng.integers(0, 4, size=(50, 6))
    total = (choices == 0).sum(axis=1)
    with_total, without = distractor_table(choices, [0] * 6, total), distractor_table(choices, [0] * 6)
    for given_score, own in zip(with_total, without, strict=True):
        assert own.group_sizes == given_score.group_sizes
        assert [one.group_shares for one in own.options] == [one.group_shares for one in given_score.options]


def test_missing_choices_count_nowhere() -> None:
    for missing in (None, NAN, -1, -1.0, np.int64(-1), np.float64("nan")):
        table = one_item(["A", missing, "B", "A"], [1, 99, 2, 3])
        assert (table.n, table.group_sizes) == (3, (1, 1, 1))
        assert [one.label for one in table.options] == ["A", "B"]


def test_a_distractor_that_draws_more_of_the_top_than_the_key_is_flagged() -> None:
    table = one_item(list("AABBACCCA"), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert [one.flagged for one in table.options] == [False, False, True]
    assert table.flagged


def test_as_many_of_the_top_as_the_key_is_not_more() -> None:
    table = one_item(list("BBBBAACA"), [1, 2, 3, 4, 5, 6, 7, 8], groups=4)
    assert (option(table, "A").group_shares[-1], option(table, "C").group_shares[-1]) == (0.5, 0.5)
    assert not table.flagged


def test_a_key_that_nobody_chose_is_listed() -> None:
    table = one_item(["B", "B", "C"], [1, 2, 3])
    assert (option(table, "A").n, option(table, "A").share, option(table, "A").correlation) == (0, 0.0, None)
    assert [one.flagged for one in table.options] == [False, False, True]


def test_options_nobody_chose_are_listed_when_named() -> None:
    (table,) = distractor_table([["A"], ["B"]], ["A"], [1, 2], options=[["D", "C", "B", "A"]])
    assert [(one.label, one.n) for one in table.options] == [("D", 0), ("C", 0), ("B", 1), ("A", 1)]


def test_an_item_nobody_answered_has_no_shares() -> None:
    table = distractor_table([["A", None], ["B", None]], ["A", "C"])[1]
    assert (table.n, table.group_sizes, table.flagged) == (0, (0, 0, 0), False)
    assert table.options == (Option("C", True, 0, None, (None, None, None), None, False),)


@pytest.mark.parametrize(
    ("scores", "groups", "wanted"),
    [
        ([1, 2, 3, 4, 5, 6], 3, [0, 0, 1, 1, 2, 2]),
        ([6, 5, 4, 3, 2, 1], 3, [2, 2, 1, 1, 0, 0]),
        ([1, 1, 1, 4, 5, 6], 3, [0, 0, 0, 1, 2, 2]),  # middle rank 1.5 of 6
        ([1, 2, 2, 2, 2, 6], 3, [0, 1, 1, 1, 1, 2]),
        ([7, 7, 7], 3, [1, 1, 1]),
        ([3], 3, [1]),
        ([0.5, 0.25], 2, [1, 0]),
        ([], 3, []),
    ],
)
def test_groups_keep_persons_of_one_score_together(scores: list[float], groups: int, wanted: list[int]) -> None:
    assert score_groups(scores, groups).tolist() == wanted


@given(size=st.integers(1, 60), groups=st.integers(2, 5))
def test_without_ties_groups_are_equally_large(size: int, groups: int) -> None:
    sizes = np.bincount(score_groups(np.arange(size), groups), minlength=groups)
    assert sizes.max() - sizes.min() <= 1


@given(scores=st.lists(st.integers(0, 8), min_size=1, max_size=40), groups=st.integers(2, 5))
def test_a_higher_score_is_never_in_a_lower_group(scores: list[int], groups: int) -> None:
    found = score_groups(scores, groups)
    assert 0 <= found.min() <= found.max() < groups
    assert np.all(np.diff(found[np.argsort(scores)]) >= 0)


@given(choices=CHOICES, random=st.randoms(use_true_random=False))
def test_the_order_of_persons_never_matters(choices: Any, random: Random) -> None:
    assume(any(choice is not None for choice in choices.ravel()))
    order = list(range(len(choices)))
    random.shuffle(order)
    for one, other in zip(distractor_table(choices, "ABC"), distractor_table(choices[order], list("ABC")), strict=True):
        assert (one.n, one.group_sizes) == (other.n, other.group_sizes)
        for left, right in zip(one.options, other.options, strict=True):
            assert (left.label, left.n, left.group_shares) == (right.label, right.n, right.group_shares)
            assert left.flagged == right.flagged
            assert left.correlation == pytest.approx(right.correlation, abs=1e-12)


@given(choices=CHOICES)
def test_every_answer_is_counted_once(choices: Any) -> None:
    assume(any(choice is not None for choice in choices.ravel()))
    for item, table in enumerate(distractor_table(choices, "ABC")):
        answered = sum(choice is not None for choice in choices[:, item])
        assert (table.n, sum(table.group_sizes), sum(one.n for one in table.options)) == (answered,) * 3
        for group, size in enumerate(table.group_sizes):
            shares = [one.group_shares[group] for one in table.options]
            assert sum(share or 0 for share in shares) == pytest.approx(1 if size else 0)
            assert all((share is None) == (size == 0) for share in shares)


def test_labels_can_be_numbers_in_arrays_with_holes() -> None:
    table = distractor_table(np.array([[2.0], [NAN], [10.0], [1.0]]), np.array([2]), [1, 2, 3, 4])[0]
    assert [(one.label, one.is_key) for one in table.options] == [(1, False), (2, True), (10, False)]
    assert all(type(one.label) is int for one in table.options)


def test_labels_can_be_sets_of_options() -> None:
    choices = np.empty((3, 1), dtype=object)
    choices[:, 0] = [frozenset("AB"), frozenset("BC"), frozenset("BA")]
    (table,) = distractor_table(choices, [frozenset("AB")], [1, 2, 3])
    assert [(one.label, one.n) for one in table.options] == [(frozenset("AB"), 2), (frozenset("BC"), 1)]


def test_a_score_that_does_not_vary_correlates_with_nothing() -> None:
    table = one_item(["A", "B", "A"], [0.1 + 0.2, 0.3, 0.3])
    assert [one.correlation for one in table.options] == [None, None]


def test_scores_of_who_answered_nothing_may_be_missing() -> None:
    assert one_item(["A", None, "B"], [1, NAN, 2]).n == 2


@pytest.mark.parametrize("scores", [[1, 2], [1, 2, NAN], [1, 2, math.inf], [[1], [2], [3]]])
def test_scores_that_do_not_fit_are_refused(scores: Any) -> None:
    with pytest.raises(classical.BadChoices, match="score"):
        one_item(["A", "B", "A"], scores)


@pytest.mark.parametrize("choices", [[], [[]], ["A", "B"], np.zeros((2, 1, 1))])
def test_choices_that_are_no_table_are_refused(choices: Any) -> None:
    with pytest.raises(classical.BadChoices, match="persons × items"):
        distractor_table(choices, ["A"])


@pytest.mark.parametrize("key", [None, NAN, -1])
def test_an_item_without_a_key_is_refused(key: object) -> None:
    with pytest.raises(classical.BadChoices, match="needs a key"):
        distractor_table([["A"], ["B"]], [key])


@pytest.mark.parametrize(
    ("keys", "options"),
    [(["A", "B"], None), (["A"], []), (["A"], [["A"]]), (["C"], [["A", "B"]]), (["A"], [["A"] * 2])],
)
def test_keys_and_options_that_do_not_fit_are_refused(keys: list[str], options: Any) -> None:
    with pytest.raises(classical.BadChoices):
        distractor_table([["A"], ["B"]], keys, options=options)


def test_labels_that_cannot_be_compared_are_refused() -> None:
    choices = np.empty((2, 1), dtype=object)
    choices[:, 0] = [["A"], ["B"]]
    with pytest.raises(classical.BadChoices, match="hashable"):
        distractor_table(choices, ["A"])


def test_no_answer_at_all_is_a_named_error() -> None:
    with pytest.raises(classical.NotComputable, match="nobody has answered"):
        distractor_table([[None], [-1]], ["A"])


@pytest.mark.parametrize("scores", [[1, NAN], 3.0, [[1, 2]]])
def test_scores_that_cannot_be_grouped_are_refused(scores: Any) -> None:
    with pytest.raises(classical.BadChoices, match="list of numbers"):
        score_groups(scores)


def test_one_group_is_no_comparison() -> None:
    with pytest.raises(ValueError, match="two groups"):
        one_item(["A", "B"], [1, 2], groups=1)
