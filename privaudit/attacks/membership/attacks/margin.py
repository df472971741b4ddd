"""The margin attack: the loss attack on the scale on which scores are nearly normal."""

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec
from privaudit.attacks.membership.transforms import margins
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="margin",
        title="Logit-scaled margin",
        access=Access.SCORE,
        cost=AttackCost.FREE,
        summary="The log-odds of the true class are high when the model was trained on the record.",
        reference="Carlini et al., IEEE S&P 2022 (arXiv 2112.03570), section IV-C",
        # NOTE: its ROC curve is the loss attack's; beside it, it would only widen the simultaneous
        # intervals.
        default=False,
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """``ln p_y - ln Σ_{j≠y} p_j``: ``[n]``, any real number.

    A rising function of ``ln p_y``: it ranks the records as the loss attack does, and tells apart the
    saturated ones whose loss is below the smallest float.
    """
    return margins(signals)
