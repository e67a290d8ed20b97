"""Which measured questions hang together: through persons who answered several of them."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from psychometrics.arrays import IntArray
from psychometrics.calibration.records import Mask
from psychometrics.responses import Responses


def main_part(data: Responses, measured: Mask, wanted: Mask) -> tuple[Mask, list[IntArray]]:
    """Split the measured questions, (items,), into the main part, (items,), and the columns of each other part.

    Questions answered by one person hang together, and so do questions that hang together with the same one. The main
    part is the one with most of the `wanted` questions, (items,); among those with as many the one with most
    questions, then the one with the first column. Parts are ordered by their first columns.
    """
    columns = np.flatnonzero(measured)
    if columns.size == 0:
        return measured.copy(), []
    taking_part = measured[data.item]
    person, item = data.person[taking_part], data.item[taking_part]
    size = data.persons + data.items
    edges = sparse.coo_array((np.ones(len(person)), (person, data.persons + item)), shape=(size, size))
    label = connected_components(edges, directed=False)[1][data.persons :][columns]
    parts = [columns[label == one] for one in dict.fromkeys(label.tolist())]
    best = max(parts, key=lambda part: (wanted[part].sum(), part.size, -part[0]))
    main = np.zeros_like(measured)
    main[best] = True
    return main, [part for part in parts if part is not best]
