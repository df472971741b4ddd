"""The self-influence attack: would the model's error on a record be larger had the record been left out?

The last layer is linearised: a ridge regression of the one-hot labels on its inputs ``z``, around the
trained weights. There leaving a record out needs no retraining. With ``h = zᵀ(ZᵀZ + λI)⁻¹z`` the record's
leverage and ``e = onehot(y) - p`` its residual under a model that saw it, the residual under the model
without it is ``e / (1 - h)``.

A large change ``e/(1-h) - e`` is no sign of membership by itself, since the change grows with the residual
and members have small ones. The score is the likelihood ratio between the two ways in which the residual
can have come about. If the record was left out, ``e`` itself is a leave-one-out residual, which in a Gaussian
linear model has the variance ``v = σ²/(1-h)`` per class. If it was trained on, ``e/(1-h)`` is one. The
logarithm of the ratio, over the C - 1 free components of a residual that sums to zero:

    score = -(C-1) ln(1-h) - (‖e/(1-h)‖² - ‖e‖²) / (2v)

The second term is the self-influence, the growth of the squared error when the record is left out, in units
of its variance. The first says that a record which the model could only fit by having seen it (high
leverage), and does fit, was seen. A record without leverage scores 0: the model would be the same without
it.
"""

import numpy as np
from numpy.typing import NDArray

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.attacks.membership.transforms import blocks, residual_norms
from privaudit.targets.interface import Access, Floats

RIDGE = 1e-3
"""λ as a share of the mean eigenvalue of ``ZᵀZ``: it damps the directions that the features hardly use."""


@register(
    AttackSpec(
        id="self-influence",
        title="Leave-one-out self-influence",
        access=Access.WEIGHTS,
        cost=AttackCost.FREE,
        summary="The model fits a record that its linearised last layer could not fit without it.",
        reference="DIVA, ICLR 2022 (arXiv 2111.09785), leave-one-out in closed form; Dorseuil et al., "
        "arXiv 2602.15919, leverage and membership; likelihood ratio defined here (privaudit)",
        needs=frozenset({Signal.FEATURES}),
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Log likelihood ratio of the record's residual, trained on against left out: ``[n]``, any real number.

    The leverage comes from all audited records and treats members and non-members alike, and the
    residual from the target itself. ``σ²`` is the mean of ``‖e‖² / (C-1)`` over the audited records.
    """
    features, head = signals.features, signals.head
    if features is None or head is None:
        raise ValueError("self-influence needs the features and the head.")
    leverage = leverages(features, intercept=head.bias is not None)
    kept = 1.0 - leverage
    free = signals.target_logits.shape[1] - 1
    fitted = residual_norms(signals)
    left_out = fitted / kept
    variance = float(np.mean(fitted**2)) / free / kept
    # NOTE: a model with no error at all, in float64, has no influence to compare.
    influence = np.zeros_like(kept)
    np.divide(left_out**2 - fitted**2, 2.0 * variance, out=influence, where=variance > 0)
    surprise: Floats = -free * np.log1p(-leverage)
    return surprise - influence


def leverages(features: NDArray[np.floating], *, intercept: bool, ridge: float = RIDGE) -> Floats:
    """Diagonal of ``Z(ZᵀZ + λI)⁻¹Zᵀ`` in float64: ``[n]``, in ``[0, 1)``.

    Args:
        features: ``[n, d]``.
        intercept: add a column of ones to the features, as a layer with a bias does.
        ridge: λ as a share of the mean eigenvalue of ``ZᵀZ``.
    """
    from scipy.linalg import cholesky, solve_triangular

    n, width = features.shape[0], features.shape[1] + intercept
    gram = np.zeros((width, width))
    for rows in blocks(n, width):
        block = _design(features[rows], intercept)
        gram += block.T @ block
    scale = ridge * float(np.trace(gram)) / width
    if scale == 0.0:
        return np.zeros(n)
    lower = cholesky(gram + scale * np.eye(width), lower=True, overwrite_a=True)
    result = np.empty(n)
    for rows in blocks(n, width):
        whitened = solve_triangular(lower, _design(features[rows], intercept).T, lower=True)
        result[rows] = np.einsum("dn,dn->n", whitened, whitened)
    return np.minimum(result, 1.0 - 1e-12)


def _design(features: NDArray[np.floating], intercept: bool) -> Floats:
    block = features.astype(np.float64)
    return np.hstack([block, np.ones((len(block), 1))]) if intercept else block
