"""Attack R: the record's own threshold, from models that did not see it."""

import numpy as np

from privaudit.attacks.membership.reference_statistics import membership
from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import margins, reference_margins
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="attack-r",
        title="Attack R, percentile among references",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The loss is lower than under most reference models that did not see the record.",
        reference="Ye et al., CCS 2022 (arXiv 2111.09679), Attack R",
        needs=frozenset({Signal.REFERENCES}),
        default=False,
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Share of the OUT references with a smaller margin, ties by half: ``[n]``, in ``[0, 1]``.

    It takes no more values than there are OUT references, so few references leave many ties. NaN where every
    reference saw the record.
    """
    target, outside = margins(signals), ~membership(signals)
    below, count = np.zeros(len(signals)), outside.sum(axis=0)
    for value, mine in zip(reference_margins(signals), outside, strict=True):
        below += np.where(mine, 0.5 + 0.5 * np.sign(target - value), 0.0)
    return np.where(count > 0, below / np.maximum(count, 1), np.nan)
