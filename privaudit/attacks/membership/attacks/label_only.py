"""The label-only attack: predicted classes of training records withstand more damage to the text."""

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="label-only",
        title="Robustness of the label",
        access=Access.LABEL,
        cost=AttackCost.QUERIES,
        summary="Damaged copies of a record keep its class more often when the model was trained on it.",
        reference="Choquette-Choo et al., ICML 2021 (arXiv 2007.14321), with damage to words as augmentation",
        needs=frozenset({Signal.LABEL_ROBUSTNESS}),
        default=False,
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Share of damaged copies that are predicted as the record's label: ``[n]``, in ``[0, 1]``."""
    if signals.label_robustness is None:
        raise ValueError("label-only needs the robustness of the label.")
    return signals.label_robustness.copy()
