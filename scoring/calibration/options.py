"""Who chose what: the options of a question, or its frequent responses, by thirds of ability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psychometrics.arrays import FloatArray, IntArray
from psychometrics.classical import distractor_table, score_groups
from scoring.calibration.data import Response
from scoring.calibration.numbers import correlation, share

THIRDS = 3
FREQUENT = 4  # wrong responses to an ordering or a matching that are told

Record = dict[str, Any]


def option_records(
    kind: str, options: int, keys: Sequence[Response], responses: Sequence[Response], codes: IntArray, rest: FloatArray
) -> list[Record]:
    """One record {label, key, n, share, thirds, correlation, flagged} for each option or frequent response.

    `responses` are what `codes` (answers,) stand for, -1 for an answer that is not complete; such count nowhere here.
    `rest` (answers,): abilities by the person's other answers, in logits. `label` is a list of option numbers. Shares
    are of those who answered, `thirds` from the least able to the ablest. A wrong one is flagged if more of the ablest
    third chose it than the key; of several options or responses that are right, the least chosen one counts.
    """
    answered = codes >= 0
    codes, rest = codes[answered], rest[answered]
    if not codes.size:
        return []
    if kind == "multiple_choice":
        return _choices(options, keys, responses, codes, rest)
    third = score_groups(rest, THIRDS)
    if kind == "multiple_response":
        wanted = {number for key in keys for number in key}
        labels: list[tuple[Response, bool]] = [((number,), number in wanted) for number in range(1, options + 1)]
        chosen = [np.array([number in response for response in responses])[codes] for number in range(1, options + 1)]
    else:
        frequent = _frequent(keys, responses, codes)
        labels = [(response, response in keys) for response in frequent]
        chosen = [np.array([one == response for one in responses])[codes] for response in frequent]
    records = [_record(label, key, some, third, rest) for (label, key), some in zip(labels, chosen, strict=True)]
    return _flagged(records)


def _choices(
    options: int, keys: Sequence[Response], responses: Sequence[Response], codes: IntArray, rest: FloatArray
) -> list[Record]:
    """The options of a multiple choice. Where a regrade made several of them right, none of these is a distractor."""
    numbers = np.array([response[0] for response in responses])[codes]
    right = {number for key in keys for number in key}
    table = distractor_table(numbers[:, np.newaxis], [keys[0][0]], rest, THIRDS, [range(1, options + 1)])[0]
    records = [
        {
            "label": [option.label],
            "key": option.label in right,
            "n": option.n,
            "share": share(option.share),
            "thirds": [share(part) for part in option.group_shares],
            "correlation": share(option.correlation),
            "flagged": option.flagged and option.label not in right,
        }
        for option in table.options
    ]
    return records if len(right) == 1 else _flagged(records)


def _frequent(keys: Sequence[Response], responses: Sequence[Response], codes: IntArray) -> list[Response]:
    """What is right, and the most frequent wrong responses."""
    counts = Counter({responses[code]: n for code, n in enumerate(np.bincount(codes).tolist()) if n})
    wrong = sorted((response for response in counts if response not in keys), key=lambda one: (-counts[one], one))
    return [*keys, *wrong[:FREQUENT]]


def _record(label: Response, key: bool, chosen: NDArray[np.bool_], third: IntArray, rest: FloatArray) -> Record:
    sizes = np.bincount(third, minlength=THIRDS)
    counts = np.bincount(third[chosen], minlength=THIRDS)
    return {
        "label": list(label),
        "key": key,
        "n": int(chosen.sum()),
        "share": share(chosen.mean()),
        "thirds": [share(part / size) if size else None for part, size in zip(counts, sizes, strict=True)],
        "correlation": share(correlation(chosen.astype(np.float64), rest)),
        "flagged": False,
    }


def _flagged(records: list[Record]) -> list[Record]:
    """Mark the wrong ones that more of the ablest third chose than any that is right."""
    top = [record["thirds"][-1] for record in records if record["key"] and record["thirds"][-1] is not None]
    for record in records:
        ablest = record["thirds"][-1]
        record["flagged"] = bool(not record["key"] and top and ablest is not None and ablest > min(top))
    return records
