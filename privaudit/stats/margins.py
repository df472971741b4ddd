"""One class of each record against all its others, from logits, without ever forming ``1 - p``.

A probability that rounds to one has ``1 - p = 0``; the same quantity as a sum over the other classes keeps
its value, so records of which a model is very sure still differ.
"""

from dataclasses import dataclass

import numpy as np

from privaudit.stats.intervals import Floats, Ints


@dataclass(frozen=True, eq=False)
class AgainstOthers:
    """The class ``y`` of each of n records, and the distribution over its other classes alone."""

    margin: Floats
    """``ln p_y - ln Σ_{j≠y} p_j``, ``[n]``, any real number."""
    largest: Floats
    """``max_{j≠y} z_j``, ``[n]``."""
    weights: Floats
    """``exp(z_j - largest)``, ``[n, C]``, in [0, 1], and 0 for class y."""
    total: Floats
    """Sum of a record's weights, ``[n]``, at least 1."""

    @property
    def concentration(self) -> Floats:
        """``Σ_{j≠y} q_j²`` of ``q_j = p_j / (1 - p_y)``, ``[n]``, in ``[1 / (C - 1), 1]``."""
        squares: Floats = np.einsum("nc,nc->n", self.weights, self.weights)
        return squares / self.total**2


def against_others(logits: Floats, label: Ints) -> AgainstOthers:
    """Compare the class ``label`` of each record with all its other classes.

    Args:
        logits: ``[n, C]``, finite, C at least 2.
        label: ``[n]`` class indices.
    """
    rows = np.arange(len(label))
    weights = logits.astype(np.float64)
    own = weights[rows, label]
    weights[rows, label] = -np.inf
    largest: Floats = weights.max(axis=1)
    weights -= largest[:, None]
    np.exp(weights, out=weights)
    total: Floats = weights.sum(axis=1)
    return AgainstOthers((own - largest) - np.log(total), largest, weights, total)


def logit_margins(logits: Floats, label: Ints) -> Floats:
    """``ln p_y - ln Σ_{j≠y} p_j`` of the classes ``label``, ``[n]``; arguments of :func:`against_others`."""
    return against_others(logits, label).margin


def cross_entropies(logits: Floats, label: Ints) -> Floats:
    """``-ln p_y``, ``[n]``, by way of the margin: exact also where it is tiny."""
    losses: Floats = np.logaddexp(0.0, -logit_margins(logits, label))
    return losses
