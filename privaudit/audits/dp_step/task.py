"""What a private step is asked to do: the whole interface between privaudit and an optimiser of your own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class StepTask:
    """One step of DP-SGD (Abadi et al., CCS 2016, arXiv 1607.00133, algorithm 1), to be done by your code.

    Draw a batch, take the gradient of each record's loss over all parameters, clip it, add up, add noise, and
    return what your optimiser would be given for each parameter::

        (sum of clipped gradients + noise) / expected_batch_size

    The loss of a record is the cross entropy of ``module(inputs)`` and its label. The noise has a standard
    deviation of ``noise_multiplier * clip_norm`` in every coordinate of the sum. Do not move the parameters;
    every call brings a fresh module. Nothing but these fields may decide what is returned.
    """

    module: nn.Module
    """An embedding and a linear layer side by side, in training mode, on the CPU; all parameters are 0."""
    inputs: Tensor
    """``[n, d]`` float32, one row per record; ``module(inputs[rows])`` gives ``[len(rows), 2]`` logits."""
    labels: Tensor
    """``[n]`` int64, 0 or 1."""
    noise_multiplier: float
    """Standard deviation of the noise in units of ``clip_norm``; almost 0 where the clipping is inspected."""
    clip_norm: float
    """The most that one record may add to the sum, in the norm over all parameters together."""
    sample_rate: float
    """Chance of each record to be in the batch, by a coin of its own. An empty batch gets noise as well."""
    expected_batch_size: int
    """What the noisy sum is divided by: a constant, whatever the number of records or the batch's size."""
    seed: int
    """63 bits, different in every call, for the batch and the noise; generators of your own do as well."""


Step = Callable[[StepTask], Sequence[Tensor] | Mapping[str, Tensor]]
"""The noisy gradients, in the order of ``module.parameters()`` or by the names of ``named_parameters()``."""
