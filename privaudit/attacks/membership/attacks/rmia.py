"""The robust attack: the record's probability relative to other models, against that of the population."""

import numpy as np

from privaudit.attacks.membership.reference_statistics import Bools, log_mean_probability, membership
from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import reference_losses, true_log_probability
from privaudit.targets.interface import Access, Floats

OFFLINE_A = 0.3
"""``p_in ≈ a · p_out + (1 - a)`` for a record that no reference saw."""


@register(
    AttackSpec(
        id="rmia",
        title="RMIA, ratio against the population",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The true class is more probable relative to reference models than that of other records.",
        reference="Zarifzadeh, Liu and Shokri, ICML 2024 (arXiv 2312.03262), relative likelihood "
        "ratio and its offline form",
        needs=frozenset({Signal.REFERENCES}),
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """``ln(p / p̄)`` minus its median over the audited records: ``[n]``, any real number.

    ``p̄`` is the mean of the record's IN and OUT mean probabilities; without an IN reference,
    ``½((1 + a) p_out + 1 - a)``. The published score counts the population records ``z`` whose ratio the
    record's exceeds ``gamma``-fold. That is a rising step function of the ratio: ``z`` never changes the
    ranking, it only adds ties, and false-positive rates below one record of ``z`` could not be told apart.
    So the ratio itself is the score, and the population fixes its zero. NaN where every reference saw the
    record.
    """
    inside = membership(signals)
    known = ~inside.all(axis=0)
    ratio = true_log_probability(signals) - _log_average(reference_losses(signals), inside)
    if not known.any():
        return np.full(len(signals), np.nan)
    return np.where(known, ratio - np.median(ratio[known]), np.nan)


def _log_average(losses: Floats, inside: Bools) -> Floats:
    """``ln p̄``: ``[n]``, finite where some reference did not see the record."""
    outside = log_mean_probability(losses, ~inside)
    member = log_mean_probability(losses, inside)
    line = np.logaddexp(np.log1p(OFFLINE_A) + outside, np.log1p(-OFFLINE_A))
    both = np.logaddexp(outside, member)
    return np.asarray(np.where(inside.any(axis=0), both, line) - np.log(2))
