"""What whoever reads a run should know before trusting it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Count

from psychometrics.calibration import Calibration, Settings
from questions.models import Exam, Rating
from questions.pack.loader import METHOD as DESK
from scoring.calibration.data import Data
from scoring.models import RunForm

FEWEST_JUDGES = 5
LARGEST_LINK_GAP = 0.5
NAMED = 8  # questions that one sentence names


def caveats(data: Data, calibration: Calibration, forms: Sequence[RunForm], settings: Settings) -> list[str]:
    """Plain sentences, the gravest first. Two statements."""
    found = []
    if not calibration.converged:
        found.append(f"The estimates had not settled after {calibration.iterations} rounds; do not promote this run.")
    found += [
        f"Not connected to the rest, so not measured: {named([data.name(column) for column in part])}."
        for part in calibration.parts
    ]
    drifted = [data.name(column) for column in calibration.drifted.nonzero()[0].tolist()]
    if drifted:
        found.append(f"Measured questions whose difficulty has moved, not used as anchors: {named(drifted)}.")
    gap = calibration.link_gap
    if gap is not None and abs(gap) > LARGEST_LINK_GAP:
        found.append(
            f"The Stocking-Lord link and the held parameters differ by {abs(gap):.2f} raw points at the cut, more "
            f"than {LARGEST_LINK_GAP}."
        )
    found += [
        f"The cut of {form.form.code} is {form.cut:.2f} with own slopes and {form.common_cut:.2f} with one common "
        f"slope, more than {settings.model_gap} raw points apart."
        for form in forms
        if abs(form.cut - form.common_cut) > settings.model_gap
    ]
    return [*found, *_judges(data.exam)]


def named(names: Sequence[str]) -> str:
    """The first few by name, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _judges(exam: Exam) -> list[str]:
    """Whether the ratings of the reference form's scored questions come from a panel that is large enough."""
    reference = exam.forms.get(reference=True)
    scored = list(reference.seats.filter(scored=True).values_list("revision_id", flat=True))
    panel = Rating.objects.filter(exam=exam, revision__in=scored).exclude(method=DESK).order_by().values("revision_id")
    judges: dict[int, int] = defaultdict(int)
    judges.update(panel.annotate(judges=Count("judge", distinct=True)).values_list("revision_id", "judges"))
    few = sum(judges[revision] < FEWEST_JUDGES for revision in scored)
    if not few:
        return []
    sentence = (
        f"The standard is provisional: {few} of the reference form's {len(scored)} scored questions were rated by "
        f"fewer than {FEWEST_JUDGES} judges of a panel."
    )
    return [sentence]
