"""The score of a canary: how far training brought its loss down, beside the other canaries of its class.

Fixed beforehand, higher = member, and computed from the models alone: no coin enters, so the theorems on
guesses and ranks hold for it.
"""

import numpy as np

from privaudit.stats.margins import cross_entropies
from privaudit.targets.interface import Floats, Ints

DROP = "loss under the model as it was before training, minus loss under the trained model"
LOSS = "minus the loss under the trained model; the loss before training is unknown"
CENTRED = ", less the mean of the other canaries of the class"


def loss_drops(before: Floats | None, after: Floats, labels: Ints) -> Floats:
    """How far the loss fell, ``[m]``.

    Args:
        before: logits ``[m, C]`` of the untrained model; None if unknown: minus the loss is left.
        after: logits ``[m, C]`` of the trained one.
        labels: ``[m]`` class indices.
    """
    drop: Floats = -cross_entropies(after, labels)
    return drop if before is None else drop + cross_entropies(before, labels)


def centred(scores: Floats, labels: Ints) -> Floats:
    """Each score less the mean of the others of its class, because a class's level says nothing of a canary.

    Args:
        scores: ``[m]``.
        labels: ``[m]``.
    """
    result = scores.copy()
    for label in np.unique(labels):
        own = labels == label
        n = int(own.sum())
        if n > 1:
            result[own] -= (scores[own].sum() - scores[own]) / (n - 1)
    return result
