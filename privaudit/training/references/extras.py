"""The signals beside the logits: the last layer's gradient, and how the model reacts to missing words.

They are computed by the same functions for the target and for every reference, on the same copies of a text.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np

from privaudit.progress import SILENT, Progress
from privaudit.stats.margins import against_others, logit_margins
from privaudit.targets.interface import Floats, HasFeatures, Ints, TextClassifier
from privaudit.training.references.plan import Singles

COPIES = 4
"""Copies of each text with words dropped."""
DROPPED = 0.3
"""Share of a text's words that a copy lacks, rounded, at least one; a text of one word stays as it is."""
_RECORDS_PER_CALL = 4096


def dropped_copies(text: str) -> list[str]:
    """``COPIES`` copies of ``text`` without some of its words, as white space separates them.

    The draws depend on the text alone: every model is asked about the same copies, whatever else is scored.
    """
    parts = text.split()
    if len(parts) < 2:
        return [text] * COPIES
    seed = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
    gone = min(max(1, round(DROPPED * len(parts))), len(parts) - 1)
    ranks = np.random.default_rng(seed).random((COPIES, len(parts))).argsort(axis=1).argsort(axis=1)
    return [" ".join(part for part, rank in zip(parts, row, strict=True) if rank >= gone) for row in ranks]


def extra_signals(
    target: TextClassifier, texts: Sequence[str], labels: Ints, *, progress: Progress = SILENT
) -> Singles:
    """The further signals of any classifier, ``[n, 1 + COPIES]``; see :func:`signals_of`.

    Args:
        target: a trained model. Where the inputs of its last layer are unknown, column 0 is the gradient in
            the logits alone.
        texts: n texts.
        labels: ``[n]`` class indices.
        progress: advanced once per text and copy.

    Raises:
        ModelError: the model fails on the texts.
    """
    head = target.head() if isinstance(target, HasFeatures) else None
    outputs = target.outputs(texts, features=head is not None, progress=progress)
    squares = None
    if head is not None and outputs.features is not None:
        features = outputs.features
        squares = np.einsum("nd,nd->n", features, features, dtype=np.float64) + (head.bias is not None)
    return extras_of(
        texts,
        labels,
        outputs.logits,
        squares,
        lambda copies: target.outputs(copies, progress=progress).logits,
    )


def extras_of(
    texts: Sequence[str],
    labels: Ints,
    logits: Floats,
    squares: Floats | None,
    score: Callable[[list[str]], Floats],
) -> Singles:
    """:func:`signals_of` for a model that answers queries.

    Args:
        texts: n texts.
        labels: ``[n]``.
        logits: ``[n, C]`` of the texts.
        squares: see :func:`signals_of`.
        score: logits ``[m, C]`` of any texts; asked for the copies of some thousand records at a time.
    """
    rows = np.empty((len(texts), 1 + COPIES), dtype=np.float32)
    for start in range(0, len(texts), _RECORDS_PER_CALL):
        part = slice(start, start + _RECORDS_PER_CALL)
        copies = [copy for text in texts[part] for copy in dropped_copies(text)]
        some = None if squares is None else squares[part]
        rows[part] = signals_of(logits[part], labels[part], some, score(copies))
    return rows


def signals_of(logits: Floats, labels: Ints, squares: Floats | None, dropped: Floats) -> Singles:
    """The further signals of n records.

    Column 0 is the natural logarithm of the norm of the loss's gradient in the last layer,
    ``‖p - onehot(y)‖ · sqrt(‖z‖² + b)``, a real number that is low for members. Columns 1 to ``COPIES`` are
    the margins ``ln p_y - ln Σ_{j≠y} p_j`` of the copies with words dropped, high for members.

    Args:
        logits: ``[n, C]``.
        labels: ``[n]``.
        squares: ``[n]`` of ``‖z‖² + b`` with features z and b = 1 where the last layer has a bias; None
            leaves the factor out.
        dropped: ``[n * COPIES, C]`` logits of the copies, those of a record one after another.

    Returns:
        ``[n, 1 + COPIES]``.
    """
    others = against_others(logits, labels)
    gradient = -np.logaddexp(0.0, others.margin) + 0.5 * np.log1p(others.concentration)
    if squares is not None:
        gradient += 0.5 * np.log(np.maximum(squares, np.finfo(np.float64).tiny))
    without_words = logit_margins(dropped, np.repeat(labels, COPIES))
    return np.column_stack((gradient, without_words.reshape(-1, COPIES))).astype(np.float32)
