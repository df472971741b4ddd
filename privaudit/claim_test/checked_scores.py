"""The scores of an audit, checked: an unscored canary must not vanish."""

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import DataError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def checked_scores(scores: Floats, included: Bools, fewest: int, unit: str) -> tuple[Floats, Bools]:
    """One finite score per unit, both kinds among them.

    Args:
        scores: ``[n]``.
        included: ``[n]``.
        fewest: units without which no audit makes sense.
        unit: ``canary`` or ``run``, for the message.

    Raises:
        DataError: that is not so.
    """
    scores, included = np.asarray(scores, dtype=np.float64), np.asarray(included)
    if scores.ndim != 1 or scores.shape != included.shape or included.dtype != np.bool_:
        raise DataError(
            f"one score and one true-or-false coin per {unit}",
            f"scores of shape {scores.shape} and coins of shape {included.shape} and type {included.dtype}",
            "Give two vectors of one length",
        )
    if len(scores) < fewest:
        raise DataError(f"{fewest} scores or more, one per {unit}", f"{len(scores)}", "Audit more of them")
    if not np.isfinite(scores).all():
        raise DataError(
            f"a finite score for every {unit}",
            f"{int((~np.isfinite(scores)).sum())} that are not",
            "Choose a score that is defined everywhere: leaving some out voids the bound",
        )
    if included.all() or not included.any():
        raise DataError(f"coins that fell both ways, one per {unit}", "all alike", "Audit more of them")
    return scores, included
