"""One pass over all fillings of a template, and what counts as a tie in it."""

from collections.abc import Sequence

import numpy as np

from privaudit.attacks.extraction.objectives import objective_scores
from privaudit.attacks.extraction.spec import Objective, Surface
from privaudit.errors import UsageError
from privaudit.targets.interface import Floats, Ints

LARGEST = 10_000_000
"""Most fillings that are enumerated; their margins take 80 MB per label."""
TIE = 1e-5
"""Margins that differ by less, relative to their size or to 1, are equal: single-precision sums of the same
numbers in another order differ by about this much, as in a bag of words that cannot tell the order."""


def all_margins(surface: Surface, labels: Sequence[int]) -> Floats:
    """Margin of every filling under each label, ``[len(labels), F]``, in one pass over the logits.

    The margin also stands for the loss, which has the same order.

    Raises:
        UsageError: more than :data:`LARGEST` fillings.
        ValueError: the surface gave another number of rows: a bug of the surface.
    """
    n = surface.template.n_fillings
    if n > LARGEST:
        raise UsageError(
            f"A template of {n:.3g} fillings can't be enumerated; the limit is {LARGEST:.0e}",
            "Rank against a sample of fillings",
        )
    margins = np.full((len(labels), n), np.nan)
    done = 0
    for logits in surface.all_logits():
        for row, label in zip(margins, labels, strict=True):
            row[done : done + len(logits)] = objective_scores(logits, label, Objective.MARGIN)
        done += len(logits)
    if done != n:
        raise ValueError(f"the surface gave {done} of {n} fillings")
    return margins


def tie_range(margin: float) -> tuple[float, float]:
    """The least and the largest margin that tie with ``margin``."""
    width = TIE * max(1.0, abs(margin))
    return margin - width, margin + width


def first_best(margins: Floats, excluded: Ints | None = None) -> int:
    """The lowest number among the fillings that tie with the best; ``excluded`` numbers are no answer."""
    if excluded is not None and len(excluded):
        margins = margins.copy()
        margins[excluded] = -np.inf
    return int(np.argmax(margins >= tie_range(float(margins.max()))[0]))
