"""The loss attack: a model fits what it was trained on."""

from privaudit.attacks.interface import AttackContext, AttackSpec, Cost
from privaudit.attacks.registry import register
from privaudit.attacks.signals import Signals
from privaudit.attacks.transforms import true_log_probability
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="loss",
        title="Loss threshold",
        access=Access.SCORE,
        cost=Cost.FREE,
        summary="The model's loss on a record is low when it was trained on that record.",
        reference="Yeom et al., CSF 2018 (arXiv 1709.01604), Adversary 2",
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Minus the cross-entropy loss, ``ln p_y``: ``[n]``, at most 0."""
    return true_log_probability(signals)
