"""Units: what membership is counted over, records or groups of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privaudit.targets.interface import Floats, Ints


@dataclass(frozen=True, eq=False)
class Units:
    """What membership is counted over: records, or the groups that are the unit of privacy."""

    ids: Sequence[str]
    member: NDArray[np.bool_]
    """``[u]``."""
    group: Ints | None = None
    """``[n]`` the unit of each record; None if every record is a unit."""

    def scores(self, score: Floats) -> Floats:
        """One score per unit: the mean over its scored records, NaN if it has no scored record."""
        if self.group is None:
            return score
        scored = ~np.isnan(score)
        count = np.bincount(self.group[scored], minlength=len(self.ids))
        total = np.bincount(self.group[scored], score[scored], minlength=len(self.ids))
        means = np.full(len(self.ids), np.nan)
        np.divide(total, count, out=means, where=count > 0)
        return means


def units_of(ids: Sequence[str], member: NDArray[np.bool_], groups: Sequence[str] | None) -> Units:
    """The units of privacy of n records.

    Scores of one group are averaged: records of a user are in or out together, so counting them one by one
    would make intervals too narrow.
    """
    if groups is None:
        return Units(ids, member)
    names, first, group = np.unique(np.asarray(groups, dtype=object), return_index=True, return_inverse=True)
    return Units([str(name) for name in names], member[first], group.astype(np.int64))
