"""Whether the questions that link a run to the exam's scale still are what they were: a check in the new answers.

Sources:
    Huynh, H., & Meyer, P. (2010). Use of robust z in detecting unstable items in item response theory models.
        Practical Assessment, Research & Evaluation, 15(2), 1-8.
    Kolen, M. J., & Brennan, R. L. (2014). Test Equating, Scaling, and Linking: Methods and Practices (3rd ed.),
        chapters 6 and 8. Springer.
    Verhelst, N. D., & Glas, C. A. W. (1995). The one parameter logistic model. In G. H. Fischer & I. W. Molenaar
        (Eds.), Rasch Models: Foundations, Recent Developments, and Applications, 215-237. Springer.
"""

from dataclasses import dataclass

import numpy as np

from psychometrics import irt
from psychometrics.arrays import FloatArray
from psychometrics.calibration.records import Held, Mask, NoCommonAbility
from psychometrics.calibration.task import Task
from psychometrics.equating import Link, NotLinked, link, robust_drift

# Fewer have no quartiles to compare with.
FEWEST_CHECKED = 3


@dataclass(frozen=True, slots=True)
class Check:
    """What the new answers say about the anchors, `drifted`, `drift`, `drift_z` of shape (items,), as in Calibration.

    `link` leads from the free calibration of the new answers, theta ~ N(0, 1), to the held scale, `placed` is the
    same persons' population on the held scale by the held parameters; both None if too few anchors have new answers.
    """

    drifted: Mask
    drift: FloatArray
    drift_z: FloatArray
    link: Link | None
    placed: irt.Prior | None


def check(task: Task, held: Held, anchors: Mask) -> Check:
    """Look for anchors, (items,), that drift, and link without them, until none does (Huynh & Meyer 2010).

    An anchor's new answers must be enough and not all alike. Each round links the free calibration to the held
    parameters of the anchors that are left, by Stocking and Lord's method, and compares their difficulties.
    """
    settings = task.settings
    drifted = np.zeros(task.items, dtype=np.bool_)
    drift, z = np.full(task.items, np.nan), np.full(task.items, np.nan)
    checked = _checked(task, anchors)
    if checked.sum() < FEWEST_CHECKED:
        return Check(drifted, drift, z, None, None)
    a, b = _free(task, held, checked)
    while True:
        left = checked & ~drifted
        if left.sum() < FEWEST_CHECKED:
            raise NotLinked(f"of {checked.sum()} anchors with new answers {drifted.sum()} drift, too many to link by")
        placed = placed_by(task, held, left, task.recent)
        held_b = -held.d[left] / held.a[left]
        linked = link(a[left], b[left], held.a[left], held_b, population=placed)
        found = robust_drift(b[left], held_b, linked)  # the held difficulty less the new one
        drift[left], z[left] = -found.difference, -found.z
        moved = found.drifting(settings.drift_z, settings.drift_difference)
        if not moved.any():
            return Check(drifted, drift, z, linked, placed)
        drifted[np.flatnonzero(left)[moved]] = True


def placed_by(task: Task, held: Held, anchors: Mask, persons: Mask | None = None) -> irt.Prior:
    """The population of some persons, or all, on the held scale: anchors held, mean and sd free (Kim 2006, see `fit`).

    Raises NoCommonAbility if these persons do not differ, or endlessly.
    """
    fixed = held.a[anchors], -held.d[anchors] / held.a[anchors]
    fit = irt.fit(task.responses(anchors, persons), fixed=fixed)
    if not np.isfinite(fit.se_sd):
        raise NoCommonAbility("the persons who answered the anchors show no spread of ability that could be measured")
    return fit.population


def _checked(task: Task, anchors: Mask) -> Mask:
    """Anchors with enough new answers, right ones and wrong ones."""
    new = task.responses(anchors, task.recent)
    n, right = new.seen_of_item, new.right_of_item
    checked = anchors.copy()
    checked[anchors] = (n >= task.settings.drift_from) & (right > 0) & (right < n)
    return checked


def _free(task: Task, held: Held, checked: Mask) -> tuple[FloatArray, FloatArray]:
    """Slopes and difficulties, (items,), of the anchors in the new answers alone, on theta ~ N(0, 1).

    Difficulties and the unit of the scale are free, the slopes keep their proportions (Verhelst & Glas 1995): a slope
    that is estimated anew, or for the first time, would look like a difficulty that moved.
    """
    slope = held.a[checked]
    fit = irt.fit(task.responses(checked, task.recent), "rasch", fixed=(slope, np.full(slope.size, np.nan)))
    a, b = np.full(task.items, np.nan), np.full(task.items, np.nan)
    a[checked], b[checked] = slope * fit.sd, fit.difficulty / fit.sd
    return a, b
