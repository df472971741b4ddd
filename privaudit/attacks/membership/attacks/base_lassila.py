"""The BASE attack: the record's probability against its mean probability under other models."""

import numpy as np

from privaudit.attacks.membership.reference_statistics import log_mean_probability, membership
from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import reference_losses, true_log_probability
from privaudit.targets.interface import Access, Floats

OFFLINE_SCALE = 0.33
"""What the mean log-probability of OUT references alone is multiplied with."""


@register(
    AttackSpec(
        id="base",
        title="BASE, probability against the mean",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The true class is more probable than reference models find it on average.",
        reference="Lassila et al., NeurIPS 2025 (arXiv 2505.24089), the BASE attack",
        needs=frozenset({Signal.REFERENCES}),
        default=False,
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """``ln p - ln mean_k p_k`` over all references: ``[n]``, any real number.

    Where no reference saw any record, ``ln p - 0.33 · ln mean_k p_k``, since the mean then lacks the IN half.
    """
    inside = membership(signals)
    mean = log_mean_probability(reference_losses(signals), np.ones_like(inside))
    return true_log_probability(signals) - (1.0 if inside.any() else OFFLINE_SCALE) * mean
