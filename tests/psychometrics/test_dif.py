import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.stats import chi2, hypergeom

from psychometrics import dif, irt
from psychometrics.responses import BadResponses

# Strata of reference right, reference wrong, focal right, focal wrong.
# Graduate admissions at Berkeley by department, men and women: Bickel, P. J., Hammel, E. A., & O'Connell, J. W. (1975).
# Sex bias in graduate admissions. Science, 187, 398-403, as in R's UCBAdmissions.
BERKELEY = [
    (512, 313, 89, 19),
    (353, 207, 17, 8),
    (120, 205, 202, 391),
    (138, 279, 131, 244),
    (53, 138, 94, 299),
    (22, 351, 24, 317),
]
# Penicillin and rabbits: Agresti, A. (1990). Categorical Data Analysis (pp. 231-237). Wiley.
RABBITS = [(0, 6, 0, 5), (3, 3, 0, 6), (6, 0, 2, 4), (5, 1, 6, 0), (2, 0, 5, 0)]
CELLS = st.lists(st.tuples(*[st.integers(0, 30)] * 4), min_size=1, max_size=6)


def persons(tables: list[tuple[int, ...]]) -> tuple[list[list[float]], list[bool], list[int]]:
    """One row for each person of the tables: the answer to the only item, the group and the stratum."""
    answers, focal, strata = [], [], []
    for stratum, cells in enumerate(tables):
        for count, (answer, group) in zip(cells, [(1.0, False), (0.0, False), (1.0, True), (0.0, True)], strict=True):
            answers += [[answer]] * count
            focal += [group] * count
            strata += [stratum] * count
    return answers, focal, strata


def of_only_item(tables: list[tuple[int, ...]]) -> dif.Comparison:
    (record,) = dif.mantel_haenszel(*persons(tables), minimum=1)
    assert record.comparison is not None
    return record.comparison


@pytest.mark.parametrize(
    ("tables", "ratio", "interval", "chi_square", "p"),
    [
        # mantelhaen.test of R 4: both with continuity correction, the interval of Robins, Breslow & Greenland.
        (BERKELEY, 0.9046968, (0.7719074, 1.0603298), 1.4269, 0.2323),
        (RABBITS, 7.0, (1.026713, 47.725133), 3.9286, 0.04747),
    ],
)
def test_published_tables(
    tables: list[tuple[int, ...]], ratio: float, interval: tuple[float, float], chi_square: float, p: float
) -> None:
    found = of_only_item(tables)
    assert found.odds_ratio == pytest.approx(ratio, abs=5e-8)
    assert found.delta == pytest.approx(-2.35 * np.log(ratio), abs=1e-6)
    ends = np.log(ratio) + 1.959964 * found.se / 2.35 * np.array([-1, 1])
    assert np.exp(ends) == pytest.approx(interval, rel=1e-6)
    assert found.chi_square == pytest.approx(chi_square, abs=5e-5)
    assert found.p == pytest.approx(p, abs=5e-5)


def test_one_stratum_has_the_odds_ratio_of_its_table() -> None:
    found = of_only_item([(30, 10, 20, 25)])
    assert found.odds_ratio == pytest.approx(30 * 25 / (10 * 20))
    assert found.se == pytest.approx(2.35 * np.sqrt(1 / 30 + 1 / 10 + 1 / 20 + 1 / 25))


@given(tables=CELLS)
def test_chi_square_is_the_squared_distance_from_the_hypergeometric_mean(tables: list[tuple[int, ...]]) -> None:
    found = dif.compared(np.array(tables).reshape(-1, 2, 2))
    if found is None:
        return
    filled = [cells for cells in tables if sum(cells) > 1]
    gap, variance, x = 0.0, 0.0, np.arange(61)
    for cells in filled:
        chances = hypergeom(sum(cells), cells[0] + cells[2], cells[0] + cells[1]).pmf(x)
        gap += cells[0] - float(chances @ x)
        variance += float(chances @ (x - chances @ x) ** 2)
    wanted = max(abs(gap) - 0.5, 0) ** 2 / variance
    assert found.chi_square == pytest.approx(wanted, abs=1e-9)
    assert found.p == pytest.approx(chi2.sf(found.chi_square, 1))


@given(tables=CELLS)
def test_swapping_the_groups_turns_the_sign_and_nothing_else(tables: list[tuple[int, ...]]) -> None:
    counts = np.array(tables).reshape(-1, 2, 2)
    found, swapped = dif.compared(counts), dif.compared(counts[:, ::-1])
    if found is None or swapped is None:
        assert found is swapped
        return
    assert swapped.delta == pytest.approx(-found.delta, abs=1e-12)
    assert swapped.se == pytest.approx(found.se)
    assert swapped.chi_square == pytest.approx(found.chi_square, abs=1e-9)


def test_in_large_strata_it_nears_conditional_maximum_likelihood() -> None:
    tables: list[tuple[int, ...]] = [(400, 200, 300, 300), (500, 100, 420, 170), (250, 350, 160, 400)]

    def minus_log_likelihood(log_ratio: float) -> float:
        total = 0.0
        for a, b, c, d in tables:
            law = hypergeom(a + b + c + d, a + c, a + b)
            low, high = law.support()
            x = np.arange(low, high + 1)
            logs = law.logpmf(x) + log_ratio * x
            total -= float(logs[x == a][0]) - float(np.logaddexp.reduce(logs))
        return total

    best = minimize_scalar(minus_log_likelihood, bounds=(-3, 3), method="bounded").x
    step = 1e-3
    bend = sum(minus_log_likelihood(best + move) * sign for move, sign in ((-step, 1), (0, -2), (step, 1))) / step**2
    found = of_only_item(tables)
    assert np.log(found.odds_ratio) == pytest.approx(best, abs=0.005)
    assert found.se / 2.35 == pytest.approx(1 / np.sqrt(bend), rel=0.02)


@pytest.mark.parametrize(
    ("cells", "category"),
    [
        ((500, 500, 500, 500), "A"),  # no difference
        ((12, 8, 8, 12), "A"),  # -1.9, not significant
        ((1200, 800, 1000, 1000), "A"),  # -0.95
        ((1300, 700, 1000, 1000), "B"),  # -1.45
        ((65, 35, 35, 65), "C"),  # -2.9 ± 0.7
        ((33, 17, 22, 28), "B"),  # -2.1 ± 1.0: not significantly beyond 1
        ((1400, 600, 1000, 1000), "C"),  # -2.0
        ((1000, 1000, 1400, 600), "C"),  # 2.0
    ],
)
def test_categories(cells: tuple[int, ...], category: str) -> None:
    assert of_only_item([cells]).category == category


def simulated(persons: int, seed: int, harder: float) -> tuple[irt.FloatArray, np.ndarray]:
    """Item 2 is harder for the focal group, which is also less able on average."""
    random = np.random.default_rng(seed)
    focal = np.arange(persons) % 3 == 0
    a, b, theta = np.ones(25), random.normal(0, 1, 25), random.normal(size=persons) - 0.5 * focal
    b[2] = 0.0
    right = irt.probability(theta, a, b)
    right[focal, 2] = irt.probability(theta[focal] - harder, a, b)[:, 2]
    return (random.random(right.shape) < right).astype(np.float64), focal


def test_only_the_item_that_differs_is_found() -> None:
    responses, focal = simulated(6000, seed=1, harder=0.8)
    records = dif.mantel_haenszel(responses, focal)
    assert [record.item for record in records] == list(range(25))
    found = [record.comparison for record in records if record.comparison is not None]
    assert [one.category.value for one in found] == ["A"] * 2 + ["C"] + ["A"] * 22
    # One logit between groups is 2.35 delta points under the Rasch model (Holland & Thayer 1988).
    assert found[2].delta == pytest.approx(-2.35 * 0.8, abs=3 * found[2].se)
    assert (records[0].reference, records[0].focal) == (4000, 2000)


def test_without_a_difference_chi_square_keeps_its_level() -> None:
    p = []
    for seed in range(8):
        responses, focal = simulated(1500, seed, harder=0.0)
        p += [one.comparison.p for one in dif.mantel_haenszel(responses, focal) if one.comparison is not None]
    assert len(p) == 200
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.04)


def test_default_strata_are_raw_scores_and_labels_may_be_words() -> None:
    responses, focal = simulated(900, seed=3, harder=0.3)
    scores = responses.sum(axis=1)
    wanted = dif.mantel_haenszel(responses, focal)
    assert dif.mantel_haenszel(responses, focal, scores) == wanted
    assert dif.mantel_haenszel(responses, focal.astype(int), [f"score {int(score):02}" for score in scores]) == wanted


def test_who_has_not_seen_an_item_does_not_count_there() -> None:
    responses, focal = simulated(900, seed=4, harder=0.3)
    strata, seen = responses.sum(axis=1), np.random.default_rng(5).random(responses.shape) < 0.7
    missing = np.where(seen, responses, np.nan)
    records = dif.mantel_haenszel(missing, focal, strata, minimum=50)
    for item in (0, 24):
        kept = seen[:, item]
        (alone,) = dif.mantel_haenszel(responses[kept, item, np.newaxis], focal[kept], strata[kept], minimum=50)
        assert (records[item].comparison, records[item].focal) == (alone.comparison, alone.focal)
    person, item_of = np.nonzero(seen)
    stored = sparse.coo_array((responses[seen], (person, item_of)), shape=responses.shape)
    assert dif.mantel_haenszel(stored, focal, strata, minimum=50) == records


def test_groups_below_the_minimum_are_refused() -> None:
    responses, focal = simulated(597, seed=6, harder=0.0)
    with pytest.raises(dif.TooFewPersons, match="the focal group has 199 persons, and a comparison needs at least 200"):
        dif.mantel_haenszel(responses, focal)
    with pytest.raises(dif.TooFewPersons, match="the reference group has 0 persons"):
        dif.mantel_haenszel(responses, np.ones(597))
    assert len(dif.mantel_haenszel(responses, focal, minimum=199)) == 25


def test_an_item_that_too_few_of_a_group_saw_is_flagged() -> None:
    responses, focal = simulated(900, seed=7, harder=0.0)
    strata = responses.sum(axis=1)
    responses[np.nonzero(focal)[0][:101], 4] = np.nan
    responses[:, 5] = np.nan
    records = dif.mantel_haenszel(responses, focal, strata)
    assert [one.item for one in records if one.comparison is None] == [4, 5]
    assert [(one.reference, one.focal) for one in records[4:6]] == [(600, 199), (0, 0)]


@pytest.mark.parametrize(
    "tables",
    [
        [(10, 0, 10, 0)],  # everybody right
        [(10, 0, 5, 5)],  # infinite
        [(5, 5, 10, 0)],  # zero
        [(5, 5, 0, 0), (0, 0, 5, 5)],  # nobody to compare with
        [(1, 0, 0, 0), (0, 0, 0, 1)],  # strata of one
    ],
)
def test_an_odds_ratio_that_is_no_number_is_flagged(tables: list[tuple[int, ...]]) -> None:
    assert dif.mantel_haenszel(*persons(tables), minimum=1)[0].comparison is None


def test_raw_scores_of_different_items_are_refused() -> None:
    with pytest.raises(dif.BadGroups, match="pass strata"):
        dif.mantel_haenszel([[1.0, np.nan], [0.0, 1.0]], [True, False], minimum=1)


@pytest.mark.parametrize("focal", [[True], [0.0, np.nan], [0, 2], [[True, False]]])
def test_bad_groups_are_refused(focal: list[float]) -> None:
    with pytest.raises(dif.BadGroups, match="focal must be"):
        dif.mantel_haenszel([[1.0], [0.0]], focal, minimum=1)


@pytest.mark.parametrize("strata", [[1], [1.0, np.nan], [None, "high"]])
def test_bad_strata_are_refused(strata: list[float]) -> None:
    with pytest.raises(dif.BadGroups, match="strata must be"):
        dif.mantel_haenszel([[1.0], [0.0]], [True, False], strata, minimum=1)


def test_bad_responses_and_tables_are_refused() -> None:
    with pytest.raises(BadResponses, match="0, 1 or not seen"):
        dif.mantel_haenszel([[0.5], [0.0]], [True, False], minimum=1)
    for tables in ([[1, 2], [3, 4]], [[[1, 2], [3, -4]]]):
        with pytest.raises(ValueError, match="strata × 2 × 2"):
            dif.compared(tables)
