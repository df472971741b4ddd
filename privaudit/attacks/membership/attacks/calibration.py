"""The calibration attack: is the record easier for the target than for models that did not see it?"""

import numpy as np

from privaudit.attacks.membership.reference_statistics import out_margins
from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import margins
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="calibration",
        title="Difficulty calibration",
        access=Access.SCORE,
        cost=AttackCost.TRAINING,
        summary="The margin is higher than the mean margin of reference models that did not see the record.",
        reference="Watson et al., ICLR 2022 (arXiv 2111.08440), on the scale of margins",
        needs=frozenset({Signal.REFERENCES}),
        default=False,
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """``φ - mean φ_out``: ``[n]``, any real number, NaN where every reference saw the record."""
    side = out_margins(signals)
    return np.where(side.some, margins(signals) - side.mean, np.nan)
