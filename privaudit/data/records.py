"""The records that are audited or trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Records:
    """Texts with their labels, in file order. All sequences have the same length n."""

    ids: Sequence[str]
    """Unique within the audit: the id column, else ``<file stem>:<record number from 1>``."""
    texts: Sequence[str]
    labels: Sequence[str]
    """As written in the file; :func:`privaudit.data.labels.match_labels` makes class indices of them."""
    groups: Sequence[str] | None = None
    """The unit of privacy (a user, say) of each record; None when every record stands for itself."""
    member: NDArray[np.bool_] | None = None
    """``[n]`` from a membership column; None when the file has none."""

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "Records":
        """The records at ``index`` (positions, or a mask of length n), in that order."""
        positions = np.flatnonzero(index) if index.dtype == np.bool_ else index
        return Records(
            ids=[self.ids[i] for i in positions],
            texts=[self.texts[i] for i in positions],
            labels=[self.labels[i] for i in positions],
            groups=None if self.groups is None else [self.groups[i] for i in positions],
            member=None if self.member is None else self.member[positions],
        )
