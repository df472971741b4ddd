"""Per-record numbers that the attacks share: margins, losses, entropies.

Everything is float64, runs over blocks of records, and is computed from differences of logits, never from
``1 - p``: a probability that rounds to one still leaves distinct numbers, and logits of ±10,000 leave
finite ones. Two records tie only when the model's outputs do, or when a loss lies below the smallest float.

Every value is kept in ``signals.cache``, read-only: several attacks pay for it once.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from privaudit.attacks.membership.signals import Signals
from privaudit.stats.margins import against_others, logit_margins
from privaudit.targets.interface import Floats, Ints

_BLOCK_VALUES = 1 << 16
_THREADS = min(4, os.cpu_count() or 1)
"""Logits per block: 512 KiB of float64: the temporaries of a block stay in the cache of its core."""


def margins(signals: Signals) -> Floats:
    """``ln p_y - ln Σ_{j≠y} p_j``: the logit-scaled confidence in the true class, ``[n]``, any real number.

    Source: Carlini et al., Membership Inference Attacks From First Principles, arXiv 2112.03570, section
    IV-C; the sum over the wrong classes stands for ``1 - p_y`` because it does not cancel.
    """
    return _cached(signals, "margin", lambda: _per_block(signals, logit_margins))


def losses(signals: Signals) -> Floats:
    """Cross-entropy ``-ln p_y``, ``[n]``, at least 0; kept apart down to 1e-308 by way of the margin."""
    return _cached(signals, "loss", lambda: softplus(-margins(signals)))


def true_log_probability(signals: Signals) -> Floats:
    """``ln p_y``, ``[n]``, at most 0."""
    return -losses(signals)


def reference_margins(signals: Signals) -> Floats:
    """The margins of the same records under every reference model, ``[k, n]``, any real number.

    References are read one at a time: no more than one is in memory with its logits.

    Raises:
        ValueError: there are no references.
    """
    logits = signals.reference_logits
    if logits is None:
        raise ValueError("This attack needs the logits of reference models.")

    def compute() -> Floats:
        result = np.empty((len(logits), len(signals)))
        for k in range(len(logits)):
            result[k] = _in_blocks(logits[k], signals.label, logit_margins)
        return result

    return _cached(signals, "reference-margins", compute)


def reference_losses(signals: Signals) -> Floats:
    """Cross-entropies under the reference models, ``[k, n]``, at least 0."""
    return softplus(-reference_margins(signals))


def top_margins(signals: Signals) -> Floats:
    """``ln p_top - ln Σ_{j≠top} p_j`` of the predicted class, whatever the label, ``[n]``."""
    return _cached(signals, "top-margin", lambda: _per_block(signals, _top_class_margin))


def entropies(signals: Signals) -> Floats:
    """Shannon entropy of the predicted distribution in nats, ``[n]``, in ``[0, ln C]``."""
    return _cached(signals, "entropy", lambda: _per_block(signals, _entropy))


def wrong_class_entropies(signals: Signals) -> Floats:
    """Entropy in nats of the distribution over the wrong classes, ``[n]``, in ``[0, ln(C-1)]``.

    It says what the record is like to the model, and not how probable the model finds its class.
    """
    return _cached(signals, "wrong-class-entropy", lambda: _per_block(signals, _wrong_class_entropy))


def modified_entropies(signals: Signals) -> Floats:
    """``-(1-p_y) ln p_y - Σ_{j≠y} p_j ln(1-p_j)``, ``[n]``, at least 0: a confident error is large.

    Source: Song and Mittal, Systematic Evaluation of Privacy Risks of Machine Learning Models,
    USENIX Security 2021 (arXiv 2003.10595), the modified prediction entropy.
    """
    return _cached(signals, "modified-entropy", lambda: _per_block(signals, _modified_entropy))


def residual_norms(signals: Signals) -> Floats:
    """``‖p - onehot(y)‖``, the norm of the loss's gradient in the logits, ``[n]``, in ``[0, √2]``.

    With ``q`` the distribution over the wrong classes alone it is ``(1 - p_y) · sqrt(1 + Σ q_j²)``, which
    neither cancels nor squares a tiny number.
    """
    return _cached(signals, "residual-norm", lambda: _per_block(signals, _residual_norm))


def cross_entropy(logits: Floats, label: Ints) -> Floats:
    """``-ln p_y`` of any logits ``[m, C]`` with labels ``[m]``; not cached and not in blocks."""
    return softplus(-logit_margins(logits, label))


def softplus(values: Floats) -> Floats:
    """``ln(1 + e^x)`` without overflow or cancellation."""
    return np.logaddexp(0.0, values)


def blocks(rows: int, width: int) -> Iterator[slice]:
    """Slices that cover ``rows`` rows of ``width`` values in blocks that fit a core's cache."""
    step = max(1, _BLOCK_VALUES // max(1, width))
    return (slice(start, start + step) for start in range(0, rows, step))


def _cached(signals: Signals, name: str, compute: Callable[[], Floats]) -> Floats:
    if name not in signals.cache:
        value = compute()
        value.flags.writeable = False
        signals.cache[name] = value
    return signals.cache[name]


def _per_block(signals: Signals, transform: Callable[[Floats, Ints], Floats]) -> Floats:
    return _in_blocks(signals.target_logits, signals.label, transform)


def _in_blocks(
    logits: NDArray[np.floating], label: Ints, transform: Callable[[Floats, Ints], Floats]
) -> Floats:
    result = np.empty(len(label))

    def fill(rows: slice) -> None:
        result[rows] = transform(logits[rows].astype(np.float64), label[rows])

    # NOTE: numpy lets go of the interpreter lock, so two threads are nearly twice as fast; the blocks, and
    # so the results, do not depend on their number.
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(fill, blocks(*logits.shape)))
    return result


def _top_class_margin(logits: Floats, _: Ints) -> Floats:
    return logit_margins(logits, logits.argmax(axis=1))


def _entropy(logits: Floats, _: Ints) -> Floats:
    # NOTE: H = -ln p_top - Σ p_j (z_j - z_top), and no term of either sum is negative.
    top = logits.argmax(axis=1)
    below = logits - _at(logits, top)[:, None]
    log_top = -softplus(-logit_margins(logits, top))
    return -log_top - np.exp(log_top) * _row_dots(np.exp(below), below)


def _modified_entropy(logits: Floats, label: Ints) -> Floats:
    margin, top = logit_margins(logits, label), logits.argmax(axis=1)
    top_margin = logit_margins(logits, top)
    probability = np.exp(logits - _at(logits, top)[:, None] - softplus(-top_margin)[:, None])
    # NOTE: no class but the predicted one exceeds one half, so ln(1-p) is safe for the others; for the
    # predicted class it follows from the margin.
    rows = np.arange(len(label))
    others = probability.copy()
    others[rows, top] = 0.0
    log_complement = np.log1p(-others)
    log_complement[rows, top] = -softplus(top_margin)
    probability[rows, label] = 0.0
    return np.exp(-softplus(margin)) * softplus(-margin) - _row_dots(probability, log_complement)


def _wrong_class_entropy(logits: Floats, label: Ints) -> Floats:
    others = against_others(logits, label)
    below = np.where(others.weights > 0, logits - others.largest[:, None], 0.0)
    return np.log(others.total) - _row_dots(others.weights, below) / others.total


def _residual_norm(logits: Floats, label: Ints) -> Floats:
    others = against_others(logits, label)
    return np.exp(-softplus(others.margin)) * np.sqrt(1.0 + others.concentration)


def _row_dots(a: Floats, b: Floats) -> Floats:
    dots: Floats = np.einsum("nc,nc->n", a, b)
    return dots


def _at(logits: Floats, column: Ints) -> Floats:
    return logits[np.arange(len(column)), column]
