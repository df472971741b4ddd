"""The modified-entropy attack: entropy that a confident error does not lower."""

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec
from privaudit.attacks.membership.transforms import modified_entropies
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="modified-entropy",
        title="Modified entropy",
        access=Access.SCORE,
        cost=AttackCost.FREE,
        summary="The prediction is peaked at the true class when the model was trained on the record.",
        reference="Song and Mittal, USENIX Security 2021 (arXiv 2003.10595), equation 8",
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """``(1-p_y) ln p_y + Σ_{j≠y} p_j ln(1-p_j)``: ``[n]``, at most 0."""
    return -modified_entropies(signals)
