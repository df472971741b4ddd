"""How texts are fed to a network: batches of similar length, bounded in memory, and checked outputs."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import ModelError
from privaudit.targets.interface import Floats, Ints

MAX_RECORDS = 256
"""Records in one batch of short texts."""
MAX_CHARACTERS = 1 << 16
"""Records times characters of the longest text in one batch: bounds the memory of the padded batch."""


def length_batches(
    texts: Sequence[str], *, max_records: int = MAX_RECORDS, max_characters: int = MAX_CHARACTERS
) -> Iterator[Ints]:
    """Positions of ``texts`` in batches of similar length, each position once, short texts first.

    Padding costs time, and long texts cost memory: a text longer than ``max_characters`` makes a batch alone.
    """
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    order = np.argsort(lengths, kind="stable").astype(np.int64)
    start = 0
    while start < len(order):
        stop = min(start + max_records, len(order))
        while stop - start > 1 and (stop - start) * lengths[order[stop - 1]] > max_characters:
            # NOTE: lengths ascend, so the cost of the batch is its size times its last length.
            stop = start + (stop - start) // 2
        yield order[start:stop]
        start = stop


def check_shape(shape: tuple[int, ...], n: int, labels: Sequence[str] | None) -> None:
    """Raise unless a batch of ``n`` records gave one row of logits each, as many as there are labels.

    Raises:
        ModelError: another shape, fewer than two classes, or another number of classes than ``labels``.
    """
    if len(shape) != 2 or shape[0] != n or shape[1] < 2:
        raise ModelError(
            f"The model's output for {n} texts has shape {list(shape)}, not [{n}, C] with C of at least 2",
            "Audit a classifier that gives one logit per class",
        )
    if labels is not None and shape[1] != len(labels):
        raise ModelError(
            f"The model gives {shape[1]} logits for {len(labels)} labels "
            f"({', '.join(labels[:5])}{', …' if labels[5:] else ''})",
            "Give the model and its label list the same classes in the same order",
        )


def check_finite(logits: Floats) -> None:
    """Raise if any row of ``[n, C]`` outputs holds a NaN or an infinity.

    Raises:
        ModelError: with the number of such rows and the first one's record number, from 1.
    """
    bad: NDArray[np.bool_] = np.asarray(~np.isfinite(logits).all(axis=1))
    if bad.any():
        raise ModelError(
            f"The model gives NaN or infinity for {int(bad.sum())} of {len(bad)} records, "
            f"first for record {int(bad.argmax()) + 1}",
            "Check that the weights are complete and the training did not diverge",
        )
