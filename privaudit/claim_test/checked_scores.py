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
            f"Scores of shape {scores.shape} don't match coins of shape {included.shape} and type "
            f"{included.dtype}",
            f"Give one score and one true-or-false coin per {unit}",
        )
    if len(scores) < fewest:
        raise DataError(
            f"Only {len(scores)} scores were given; the audit needs {fewest} or more, one per {unit}",
            "Audit more of them",
        )
    if not np.isfinite(scores).all():
        raise DataError(
            f"{int((~np.isfinite(scores)).sum())} of {len(scores)} scores are not finite; every {unit} "
            "needs one that is",
            "Choose a score that is defined everywhere: leaving some out voids the bound",
        )
    if included.all() or not included.any():
        raise DataError(
            f"Every coin fell the same way; the audit needs a {unit} that is in and one that is out",
            "Audit more of them",
        )
    return scores, included
