"""What makes a training run differentially private; part of the recipe, so it does not import torch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Clipping = Literal["fixed", "automatic"]


class PrivateTraining(BaseModel):
    """The mechanism of a private run (Abadi et al., CCS 2016, arXiv 1607.00133, algorithm 1).

    Every step each record joins the batch by an independent coin, its gradient over all parameters is
    bounded to ``clip_norm``, the bounded gradients are summed, noise of standard deviation
    ``noise_multiplier * clip_norm`` is added to every coordinate, and the sum is divided by the recipe's
    ``batch_size``: a constant that does not depend on the data. An empty batch still adds noise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    noise_multiplier: float = Field(gt=0)
    """Standard deviation of the noise in units of ``clip_norm``."""
    sample_rate: float = Field(gt=0, le=1)
    """Chance of each record to be in a batch."""
    steps: int = Field(ge=1)
    """Noisy steps; they take the place of epochs."""
    clip_norm: float = Field(default=1.0, gt=0)
    """C, in the norm over all trained parameters together."""
    clipping: Clipping = "automatic"
    """``fixed``: ``g * min(1, C / |g|)``. ``automatic``: ``g * C / (|g| + 0.01)``, whose norm is below C too
    and which needs no tuning (Bu et al., NeurIPS 2023, arXiv 2206.07136)."""
