"""The last-layer gradient attack: training has driven the gradient of its records to zero."""

import numpy as np

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import blocks, residual_norms
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="gradient-norm-last",
        title="Gradient norm of the last layer",
        access=Access.GRADIENTS,
        cost=AttackCost.FREE,
        summary="The gradient of the loss with respect to the last layer is short when the model was trained "
        "on the record.",
        reference="Nasr et al., IEEE S&P 2019 (arXiv 1812.00910); closed form of a linear layer's gradient",
        needs=frozenset({Signal.FEATURES}),
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Minus ``‖p - onehot(y)‖ · sqrt(‖z‖² + b)``: ``[n]``, at most 0.

    The weight's gradient is the outer product of residual and features ``z``, the bias's is the residual
    itself; ``b`` is 1 where the layer has a bias and 0 where not.
    """
    features, head = signals.features, signals.head
    if features is None or head is None:
        raise ValueError("gradient-norm-last needs the features and the head.")
    squared = np.empty(len(signals))
    for rows in blocks(*features.shape):
        block = features[rows].astype(np.float64)
        squared[rows] = np.einsum("nd,nd->n", block, block)
    return -residual_norms(signals) * np.sqrt(squared + (head.bias is not None))
