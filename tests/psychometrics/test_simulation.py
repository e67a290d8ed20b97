"""Simulated candidates: they follow the model that they are said to follow."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from psychometrics.irt import probability
from psychometrics.simulation import (
    OMITTED,
    PACE,
    Course,
    Item,
    Judging,
    Pace,
    Person,
    draw_item,
    draw_person,
    generator,
    sit,
)

LIMIT = 130 * 60.0
SEATS = 65
A = np.linspace(0.6, 1.8, SEATS)
B = np.linspace(-2.0, 1.5, SEATS)
TYPICAL = PACE.mean_intensity(LIMIT, SEATS)
INTENSITY = TYPICAL + PACE.item_sd * np.random.default_rng(0).standard_normal(SEATS)


def items(count: int, rating: float = 0.7, judging: Judging | None = None) -> list[Item]:
    return [
        draw_item(rating, 4, generator("item", number), mean_intensity=TYPICAL, judging=judging or Judging())
        for number in range(count)
    ]


def courses(count: int, person: Person | None = None, limit: float = LIMIT, omitted: float = OMITTED) -> list[Course]:
    """Each with people of their own, or with the same one again and again."""
    found = []
    for number in range(count):
        rng = generator("person", number)
        drawn = draw_person(0.0, 1.0, rng)
        found.append(sit(person or drawn, A, B, INTENSITY, limit, rng, omitted=omitted))
    return found


def within_three_errors(values: np.ndarray, mean: float, sd: float) -> bool:
    return bool(abs(values.mean() - mean) < 3 * sd / math.sqrt(values.size))


# ---- seeds ----------------------------------------------------------------------------------------------------------


def test_a_generator_is_the_one_that_is_documented():
    seed = int.from_bytes(hashlib.sha256(b"question/MLA-C01/mla-1.1-001/7").digest(), "big")
    documented = np.random.Generator(np.random.PCG64(seed)).random(5)
    assert generator("question", "MLA-C01", "mla-1.1-001", 7).random(5).tolist() == documented.tolist()


def test_other_words_give_other_numbers():
    firsts = {generator("candidate", exam, number, 7).random() for exam in ("A", "B") for number in range(50)}
    assert len(firsts) == 100


# ---- items ----------------------------------------------------------------------------------------------------------


def test_true_difficulty_lies_around_the_rating():
    errors = np.array([item.d - math.log(0.7 / 0.3) for item in items(4000)]) / 0.35
    assert within_three_errors(errors, 0.0, 1.0)
    assert within_three_errors(errors**2, 1.0, math.sqrt(2))


@pytest.mark.parametrize(("rating", "d"), [(0.5, -0.4), (0.7, -0.4 + 1.5 * math.log(0.7 / 0.3))])
def test_judges_may_be_lenient_and_regress(rating, d):
    item = items(1, rating, Judging(alpha=-0.4, beta=1.5, tau=0.0))[0]
    assert item.d == pytest.approx(d)
    assert item.b == pytest.approx(-item.d / item.a)


def test_slopes_are_lognormal():
    logs = np.array([math.log(item.a) for item in items(4000)]) / 0.25
    assert within_three_errors(logs, 0.0, 1.0)
    assert within_three_errors(logs**2, 1.0, math.sqrt(2))


def test_intensities_lie_around_the_mean():
    intensities = np.array([item.intensity for item in items(4000)])
    assert within_three_errors(intensities, TYPICAL, PACE.item_sd)
    assert intensities.std() == pytest.approx(PACE.item_sd, rel=0.05)


def test_options_attract_unequally():
    item = items(1)[0]
    assert len(set(item.appeal)) == 4
    assert min(item.appeal) > 0


def test_an_item_without_spreads_is_its_rating():
    still = draw_item(
        0.6, 4, generator(1), mean_intensity=4.0, judging=Judging(tau=0, slope_sd=0), pace=Pace(item_sd=0)
    )
    assert (still.a, still.intensity) == (1.0, 4.0)
    assert probability(0.0, [still.a], [still.b])[0] == pytest.approx(0.6)


# ---- people ---------------------------------------------------------------------------------------------------------


def test_abilities_follow_the_population():
    people = [draw_person(0.4, 1.3, generator("person", number)) for number in range(4000)]
    thetas = (np.array([person.theta for person in people]) - 0.4) / 1.3
    speeds = np.array([person.speed for person in people]) / PACE.person_sd
    for values in (thetas, speeds):
        assert within_three_errors(values, 0.0, 1.0)
        assert within_three_errors(values**2, 1.0, math.sqrt(2))
    assert within_three_errors(thetas * speeds, 0.0, 1.0)


# ---- right and wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theta", [-1.5, 0.0, 1.0])
def test_shares_right_are_the_models(theta):
    """Every item within the bounds that one of 65 leaves in 1 of 200 runs, and all of them together."""
    right = np.array([course.right for course in courses(1500, Person(theta, 1.0))])
    chance = probability(theta, A, B)
    z = (right.mean(axis=0) - chance) / np.sqrt(chance * (1 - chance) / 1500)
    assert np.abs(z).max() < 4
    assert abs(z.sum() / math.sqrt(SEATS)) < 3
    assert (z**2).sum() < SEATS + 3 * math.sqrt(2 * SEATS)


def test_answers_to_different_items_are_independent():
    right = np.array([course.right for course in courses(1500, Person(0.0, 1.0))], dtype=float)
    between = np.corrcoef(right.T)[np.triu_indices(SEATS, 1)]
    assert within_three_errors(between, 0.0, 1 / math.sqrt(1500))


def test_a_small_share_of_what_would_be_wrong_is_omitted():
    chosen = courses(600, Person(-0.5, 1.0))
    open_seats = np.array([~course.answered for course in chosen])
    wrong = np.array([~course.right for course in chosen])
    omitted = open_seats[wrong].astype(float)
    assert within_three_errors(omitted, OMITTED, math.sqrt(OMITTED * (1 - OMITTED)))
    assert not open_seats[~wrong].any()


def test_omitting_changes_nothing_that_is_right():
    some, none = courses(50, omitted=0.5), courses(50, omitted=0.0)
    assert all((one.right == other.right).all() for one, other in zip(some, none, strict=True))
    assert sum(course.answered.sum() for course in some) < sum(course.answered.sum() for course in none)


# ---- time -----------------------------------------------------------------------------------------------------------


def test_response_times_are_van_der_lindens():
    person = Person(0.0, 0.3)
    logs = np.array([np.log(course.seconds) for course in courses(1000, person, limit=1e9)])
    z = (logs - (INTENSITY - 0.3)) / PACE.answer_sd
    assert within_three_errors(z.ravel(), 0.0, 1.0)
    assert within_three_errors(z.ravel() ** 2, 1.0, math.sqrt(2))


@pytest.mark.parametrize("limit", [LIMIT, 4 * LIMIT])
def test_the_average_person_uses_the_share_of_the_limit_that_is_meant(limit):
    totals = []
    for number in range(1500):
        rng = generator("pace", number)
        person = draw_person(0.0, 1.0, rng)
        intensity = PACE.mean_intensity(limit, SEATS) + PACE.item_sd * rng.standard_normal(SEATS)
        totals.append(sit(person, A, B, intensity, 1e9, rng).seconds.sum() / limit)
    used = np.array(totals)
    assert within_three_errors(used, PACE.used, float(used.std()))


def test_nearly_everybody_finishes_and_few_rush():
    chosen = courses(1500)
    assert 0.97 < np.mean([course.finished for course in chosen]) < 1
    times = np.concatenate([course.seconds[course.reached] for course in chosen])
    assert (times < 5).mean() < 0.001
    assert (times > 600).mean() < 0.002


def test_time_runs_out():
    course = courses(1, Person(3.0, -1.2))[0]
    assert not course.finished
    assert course.seconds.sum() == pytest.approx(LIMIT)
    last = int(course.reached.sum()) - 1
    assert course.reached[: last + 1].all()
    assert not course.reached[last + 1 :].any()
    assert not course.answered[last:].any()
    assert (course.seconds[last + 1 :] == 0).all()
    assert course.seconds[last] > 0
    assert (course.right <= course.answered).all()


def test_who_has_time_reaches_everything():
    course = courses(1, Person(0.0, 1.0))[0]
    assert course.finished
    assert course.reached.all()
    assert course.seconds.sum() < LIMIT


# ---- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rating", [0.0, 1.0, -0.1, math.nan])
def test_a_rating_must_be_a_share(rating):
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        draw_item(rating, 4, generator(1), mean_intensity=4.0)


@pytest.mark.parametrize("sd", [0.0, -1.0, math.inf, math.nan])
def test_a_population_must_have_a_spread(sd):
    with pytest.raises(ValueError, match="sd must be positive"):
        draw_person(0.0, sd, generator(1))


def test_a_population_must_have_a_mean():
    with pytest.raises(ValueError, match="finite"):
        draw_person(math.nan, 1.0, generator(1))


@pytest.mark.parametrize("field", ["tau", "slope_sd"])
def test_judges_spreads_are_not_negative(field):
    with pytest.raises(ValueError, match="not negative"):
        Judging(**{field: -0.1})


@pytest.mark.parametrize("field", ["alpha", "beta"])
def test_judges_lines_are_finite(field):
    with pytest.raises(ValueError, match="finite"):
        Judging(**{field: math.inf})


@pytest.mark.parametrize("change", [{"used": 0.0}, {"item_sd": -1.0}, {"person_sd": math.nan}, {"answer_sd": math.inf}])
def test_a_pace_must_be_possible(change):
    with pytest.raises(ValueError, match="must be"):
        Pace(**change)


@pytest.mark.parametrize(("limit", "seats"), [(0.0, 65), (-1.0, 65), (100.0, 0)])
def test_a_pace_needs_time_and_items(limit, seats):
    with pytest.raises(ValueError, match="positive limit"):
        PACE.mean_intensity(limit, seats)
