"""Empirical-Bayes LiRA: two references per record go a long way when thousands of records share a prior."""

import numpy as np

from privaudit.attacks.membership.empirical_bayes import log_ratio
from privaudit.attacks.membership.empirical_bayes_offline import latent_log_ratio
from privaudit.attacks.membership.reference_statistics import membership
from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import margins, reference_margins
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="lira-eb",
        title="Empirical-Bayes LiRA",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The margin looks like those of models that saw the record, judged by a few reference models "
        "and all other records.",
        reference="Likelihood ratio: Carlini et al., IEEE S&P 2022 (arXiv 2112.03570); hierarchical prior "
        "across records defined here (privaudit)",
        needs=frozenset({Signal.REFERENCES, Signal.REFERENCES_IN}),
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """``ln`` of the predictive likelihood ratio IN against OUT: ``[n]``, any real number.

    Defined from one reference on, and for a record that all references saw or none did. NaN everywhere when
    no reference saw any record, or all saw all.
    """
    values, inside = reference_margins(signals), membership(signals)
    if inside.all() or not inside.any():
        return np.full(len(signals), np.nan)
    return log_ratio(values, inside, margins(signals))


@register(
    AttackSpec(
        id="lira-eb-offline",
        title="Offline empirical-Bayes LiRA",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The margin does not look like those of reference models that did not see the record, but "
        "like the better half of the target's own.",
        reference="Offline likelihood ratio: Carlini et al., IEEE S&P 2022 (arXiv 2112.03570); prior across "
        "records and mixture for the IN values defined here (privaudit)",
        needs=frozenset({Signal.REFERENCES}),
    )
)
def score_offline(signals: Signals, _: AttackContext) -> Floats:
    """``ln`` of the likelihood ratio, the IN law inferred from the target's own margins: ``[n]``, any real.

    Only OUT values are read. NaN everywhere when every reference saw every record.
    """
    values, outside = reference_margins(signals), ~membership(signals)
    if not outside.any():
        return np.full(len(signals), np.nan)
    return latent_log_ratio(values, outside, margins(signals))
