"""The likelihood-ratio attack: is the margin one of a model that saw the record, or of one that did not?"""

import numpy as np

from privaudit.attacks.membership.reference_statistics import log_normal, out_and_in
from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.shrinkage import shrunk
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import margins
from privaudit.targets.interface import Access, Floats

_NEEDS = frozenset({Signal.REFERENCES, Signal.REFERENCES_IN})
_LIRA = "Carlini et al., IEEE S&P 2022 (arXiv 2112.03570), Algorithm 1"


@register(
    AttackSpec(
        id="lira-online",
        title="LiRA, variance per record",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The margin looks like those of reference models that saw the record, not like those of the "
        "others.",
        reference=_LIRA,
        needs=_NEEDS,
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """``ln N(φ; m_in, v_in) - ln N(φ; m_out, v_out)``: ``[n]``, any real number.

    Variances are unbiased and the record's own; a side with one value takes the pooled variance, and none is
    taken for less than a millionth of that. NaN where all references saw the record, or none did, and
    everywhere when no record has two values of a side.
    """
    outside, inside = out_and_in(signals)
    target = margins(signals)
    ratio = log_normal(target, inside.mean, inside.variances())
    ratio -= log_normal(target, outside.mean, outside.variances())
    return np.where(outside.some & inside.some, ratio, np.nan)


@register(
    AttackSpec(
        id="lira-online-pooled",
        title="LiRA, pooled variance",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The margin looks like those of reference models that saw the record; all records share two "
        "variances.",
        reference=f"{_LIRA}, with one variance for all records",
        needs=_NEEDS,
        default=False,
    )
)
def score_pooled(signals: Signals, _: AttackContext) -> Floats:
    """The same with the variances within records pooled over all records, one for IN and one for OUT."""
    outside, inside = out_and_in(signals)
    target, n = margins(signals), len(signals)
    pooled = [np.full(n, side.floored_variance()) for side in (outside, inside)]
    ratio = log_normal(target, inside.mean, pooled[1]) - log_normal(target, outside.mean, pooled[0])
    return np.where(outside.some & inside.some, ratio, np.nan)


@register(
    AttackSpec(
        id="lira-online-shrunk",
        title="LiRA, shrunk means and variances",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The margin looks like those of reference models that saw the record; means and variances "
        "are shrunk towards those of all records.",
        reference=f"{_LIRA}; normal-inverse-gamma prior: BaVarIA, arXiv 2603.11799; here with a prior "
        "estimated from the records",
        needs=_NEEDS,
        default=False,
    )
)
def score_shrunk(signals: Signals, _: AttackContext) -> Floats:
    """``ln t(φ | IN) - ln t(φ | OUT)`` of Student's t predictive distributions: ``[n]``, any real number.

    A normal-inverse-gamma prior per side, estimated from all records (:func:`shrunk`). A record that all
    references saw, or none, has the prior itself on the other side. NaN everywhere when a side has no value.
    """
    outside, inside = (shrunk(side) for side in out_and_in(signals))
    target = margins(signals)
    return inside.log_density(target) - outside.log_density(target)
