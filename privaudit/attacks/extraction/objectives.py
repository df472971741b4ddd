"""The objectives of extraction, in double precision, for hard texts (numpy) and for mixtures (torch).

Both are functions of one number, the margin ``φ = z_y - log Σ_{c≠y} exp(z_c)``. The loss is
``log p_y = -log(1 + exp(-φ))``: it rises with the margin, so both have the same best filling and the same
ranks. Computed from the margin it keeps its last digits where ``p_y`` is so close to 1 that a log-softmax
would give zero for many fillings at once.
"""

from typing import TYPE_CHECKING

import numpy as np

from privaudit.attacks.extraction.spec import Objective
from privaudit.stats.margins import logit_margins
from privaudit.targets.interface import Floats

if TYPE_CHECKING:
    from torch import Tensor


def objective_scores(logits: Floats, label: int, objective: Objective) -> Floats:
    """Objective of each row; higher = more likely the planted one.

    Args:
        logits: ``[F, C]`` with at least two classes.
        label: class index of the canary.
        objective: which.

    Returns:
        ``[F]`` float64. The loss lies in (-inf, 0].
    """
    margin = logit_margins(np.asarray(logits), np.full(len(logits), label, dtype=np.int64))
    return scores_of(margin, objective)


def scores_of(margins: Floats, objective: Objective) -> Floats:
    """The scores of either objective, from margins."""
    return margins if objective is Objective.MARGIN else -np.logaddexp(0.0, -margins)


def margins_of(scores: Floats, objective: Objective) -> Floats:
    """The margins behind scores of either objective; -inf stays."""
    if objective is Objective.MARGIN:
        return scores
    with np.errstate(divide="ignore", over="ignore"):
        # NOTE: log(1 / p - 1) of p = exp(score), for the smallest p by its limit.
        margins: Floats = np.where(scores > -700.0, -np.log(np.expm1(-np.maximum(scores, -700.0))), scores)
    return margins


def soft_objective(logits: "Tensor", label: int, objective: Objective) -> "Tensor":
    """The same of a tensor ``[B, C]``, differentiable, on its device: ``[B]`` float64."""
    import torch

    logits = logits.double()
    others = torch.cat((logits[:, :label], logits[:, label + 1 :]), dim=1)
    margin = logits[:, label] - torch.logsumexp(others, dim=1)
    return margin if objective is Objective.MARGIN else torch.nn.functional.logsigmoid(margin)
