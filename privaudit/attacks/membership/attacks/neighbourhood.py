"""The neighbourhood attack: a training record's loss is low even among texts that nearly equal it."""

import numpy as np

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import losses
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="neighbourhood",
        title="Loss against neighbours",
        access=Access.SCORE,
        cost=AttackCost.QUERIES,
        summary="The loss is lower than that of texts with words replaced when the model was trained on "
        "the record.",
        reference="Mattern et al., Findings of ACL 2023 (arXiv 2305.18462), on the scale of log losses",
        needs=frozenset({Signal.NEIGHBOUR_LOSSES}),
        default=False,
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Mean log loss of the neighbours minus the record's: ``[n]``, any real number, 0 without a neighbour.

    Losses of a classifier span many orders of magnitude. On their own scale the difference is large for
    whatever lies near the decision boundary, which are non-members above all, and ranks them first.
    """
    if signals.neighbour_losses is None:
        raise ValueError("neighbourhood needs the neighbours' losses.")
    mean: Floats = _log(signals.neighbour_losses).mean(axis=1)
    return mean - _log(losses(signals))


def _log(loss: Floats) -> Floats:
    # NOTE: a loss that has underflowed to zero has no logarithm.
    return np.log(np.maximum(loss, np.finfo(np.float64).tiny))
