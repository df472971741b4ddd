"""The offline likelihood-ratio attack: the margin is too high for a model that did not see the record."""

import numpy as np

from privaudit.attacks.membership.reference_statistics import as_normal, out_margins
from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.shrinkage import shrunk
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import margins
from privaudit.targets.interface import Access, Floats

_NEEDS = frozenset({Signal.REFERENCES})
_LIRA = "Carlini et al., IEEE S&P 2022 (arXiv 2112.03570), offline variant"


@register(
    AttackSpec(
        id="lira-offline",
        title="Offline LiRA, variance per record",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The margin is higher than those of reference models that did not see the record.",
        reference=_LIRA,
        needs=_NEEDS,
        default=False,
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """``(φ - m_out) / s_out``: ``[n]``, any real number; the published normal tail falls with it.

    A record with one OUT value takes the pooled variance. NaN where every reference saw the record, and
    everywhere when no record has two OUT values.
    """
    side = out_margins(signals)
    deviate = (margins(signals) - side.mean) / np.sqrt(side.variances())
    return np.where(side.some, deviate, np.nan)


@register(
    AttackSpec(
        id="lira-offline-pooled",
        title="Offline LiRA, pooled variance",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The margin is higher than those of reference models that did not see the record, by one "
        "measure for all records.",
        reference=f"{_LIRA}, with one variance for all records",
        needs=_NEEDS,
        default=False,
    )
)
def score_pooled(signals: Signals, _: AttackContext) -> Floats:
    """The same with the variance within records pooled over all records: it ranks by ``φ - m_out``."""
    side = out_margins(signals)
    deviate = (margins(signals) - side.mean) / np.sqrt(side.floored_variance())
    return np.where(side.some, deviate, np.nan)


@register(
    AttackSpec(
        id="lira-offline-shrunk",
        title="Offline LiRA, shrunk mean and variance",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The margin is higher than those of reference models that did not see the record; mean and "
        "variance are shrunk towards those of all records.",
        reference=f"{_LIRA}; normal-inverse-gamma prior: BaVarIA, arXiv 2603.11799; here with a prior "
        "estimated from the records",
        needs=_NEEDS,
        default=False,
    )
)
def score_shrunk(signals: Signals, _: AttackContext) -> Floats:
    """The normal deviate with the tail of Student's t predictive distribution: ``[n]``, any real number.

    Records have different numbers of OUT values and so different degrees of freedom; as normal deviates they
    compare. A record that every reference saw is held against the prior. NaN everywhere without an OUT value.
    """
    expected = shrunk(out_margins(signals))
    deviate = (margins(signals) - expected.mean) / np.sqrt(expected.variance)
    return as_normal(deviate, expected.degrees)
