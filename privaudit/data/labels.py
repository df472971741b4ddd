"""Class indices from labels as they are written in a file."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import DataError

_INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)
_SHOWN = 5


def match_labels(labels: Sequence[str], model_labels: tuple[str, ...]) -> NDArray[np.int64]:
    """The model's class index of each label.

    By name when every label is one of ``model_labels``. Otherwise by index, when every label is a whole
    number in ``0 … C-1``: files often hold the numbers of classes that the model calls ``LABEL_3`` or
    ``refund``. All labels go by one rule: a file that mixes names and numbers is refused.

    Args:
        labels: n labels as in the file.
        model_labels: C class names in the order of the logits.

    Returns:
        ``[n]`` indices in ``0 … C-1``.

    Raises:
        DataError: some label is neither a name nor an index of the model.
    """
    by_name = {name: index for index, name in enumerate(model_labels)}
    seen = dict.fromkeys(labels)
    unmatched = [label for label in seen if label not in by_name]
    if unmatched:
        by_index = {
            label: int(label) for label in seen if _INDEX.fullmatch(label) and int(label) < len(model_labels)
        }
        if len(by_index) < len(seen):
            raise _mismatch(unmatched, model_labels)
        by_name = by_index
    return np.fromiter((by_name[label] for label in labels), dtype=np.int64, count=len(labels))


def _mismatch(unmatched: Sequence[str], model_labels: tuple[str, ...]) -> DataError:
    """The error that shows the first labels of both sides."""
    what = "label is" if len(unmatched) == 1 else "labels are"
    return DataError(
        f"{len(unmatched)} {what} unknown to the model ({_first(unmatched)}); its "
        f"{len(model_labels)} classes are {_first(model_labels)}, or 0 to {len(model_labels) - 1}",
        "Audit the model on data of its own task, or name the right column with --label-column",
    )


def _first(names: Sequence[str]) -> str:
    """The first few names, each cut to a readable length."""
    shown = [repr(name if len(name) <= 24 else name[:23] + "…") for name in names[:_SHOWN]]
    return ", ".join(shown) + (", …" if len(names) > _SHOWN else "")
