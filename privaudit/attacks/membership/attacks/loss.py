"""The loss attack: a model fits what it was trained on."""

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec
from privaudit.attacks.membership.transforms import true_log_probability
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="loss",
        title="Loss threshold",
        access=Access.SCORE,
        cost=AttackCost.FREE,
        summary="The model's loss on a record is low when it was trained on that record.",
        reference="Yeom et al., CSF 2018 (arXiv 1709.01604), Adversary 2",
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Minus the cross-entropy loss, ``ln p_y``: ``[n]``, at most 0."""
    return true_log_probability(signals)
