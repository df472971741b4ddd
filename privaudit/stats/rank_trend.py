"""Whether one quantity rises with another, from few points: Spearman's correlation with an exact test."""

from itertools import permutations
from math import factorial

import numpy as np
from scipy.stats import rankdata

from privaudit.stats.intervals import Floats

MOST_ORDERS = factorial(8)
"""Up to so many orders all are tried; of more, a sample of as many."""


def spearman(x: Floats, y: Floats) -> float | None:
    """Spearman's rank correlation of ``x [n]`` and ``y [n]``, ties at their mean rank.

    Returns:
        In [-1, 1]; None if either does not vary or there are fewer than two points.
    """
    first, second = (rankdata(values) - (len(values) + 1) / 2 for values in (x, y))
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.clip(first @ second / size, -1.0, 1.0)) if size > 0 else None


def rising_p_value(x: Floats, y: Floats, rng: np.random.Generator) -> float | None:
    """One-sided p-value of the hypothesis that ``y`` is in random order with respect to ``x``.

    The share of all n! orders of ``y`` whose correlation is at least the observed one (Fisher's permutation
    test): exact at every n, and never below ``1 / n!``. Above :data:`MOST_ORDERS` a sample of orders, with
    the observed one among them, which is exact too.

    Args:
        x: ``[n]``.
        y: ``[n]``.
        rng: draws orders where there are too many.

    Returns:
        None if the correlation is undefined; see :func:`spearman`.
    """
    observed = spearman(x, y)
    if observed is None:
        return None
    ranks = rankdata(y)
    if factorial(len(y)) <= MOST_ORDERS:
        orders = np.array(list(permutations(range(len(y)))))
    else:
        drawn = rng.permuted(np.tile(np.arange(len(y)), (MOST_ORDERS - 1, 1)), axis=1)
        orders = np.concatenate((np.arange(len(y))[None], drawn))
    # NOTE: the correlation grows with this product; the margin lets equal ones count as equal.
    products = ranks[orders] @ rankdata(x)
    return float((products >= products[0] - 1e-9).mean())
