"""The full gradient attack: the gradient with respect to every trained parameter."""

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="gradient-norm-full",
        title="Gradient norm of all parameters",
        access=Access.GRADIENTS,
        cost=AttackCost.BACKWARD,
        summary="The gradient of the loss with respect to all parameters is short when the model was trained "
        "on the record.",
        reference="Nasr et al., IEEE S&P 2019 (arXiv 1812.00910), gradient features of the white-box attack",
        needs=frozenset({Signal.GRADIENT_NORMS}),
        default=False,
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Minus the Euclidean norm of the record's gradient: ``[n]``, at most 0."""
    if signals.gradient_norms is None:
        raise ValueError("gradient-norm-full needs the gradient norms.")
    return -signals.gradient_norms
