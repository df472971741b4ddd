"""The entropy attack: predictions on training records are peaked."""

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec
from privaudit.attacks.membership.transforms import entropies
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="entropy",
        title="Prediction entropy",
        access=Access.SCORE,
        cost=AttackCost.FREE,
        summary="The predicted distribution has low entropy when the model was trained on the record; "
        "no label is needed.",
        reference="Shokri et al., IEEE S&P 2017 (arXiv 1610.05820); as a threshold: Song and Mittal, "
        "USENIX Security 2021 (arXiv 2003.10595), section 4",
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Minus the Shannon entropy in nats: ``[n]``, in ``[-ln C, 0]``."""
    return -entropies(signals)
