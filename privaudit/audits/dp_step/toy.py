"""The toy task: records with known clipped gradients, which show what a step does to them."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from privaudit.audits.dp_step.task import StepTask

ROWS, FEATURES = 260, 8
KINDS = {"row": 0.2, "table": 0.3, "weight": 0.3, "bias": 0.2}
"""Where a canary's gradient lies, with the share of runs: in a row of the table that no other record uses, in
one that all use, in the linear layer's weight or in its bias. Few kinds, so that a fault in one shows."""
EVERYWHERE = "everywhere"
"""A gradient in all parameters alike; looked at without noise, where a small excess shows."""
_HUGE = 1_000.0
"""Norm of a canary's gradient before clipping, in clip norms."""
_OPPOSING = 5.0
"""Mean of the opposing batch's sum, in clip norms: enough that a batch clipped as one turns round."""
_VARIANCE = 0.1
"""Of the opposing batch, as a share of the noise's: it widens what is observed by less than 5 %."""
_CLASSES = 2
_OWN_ROW, _SHARED_ROW = 1, 0


class Branches(nn.Module):
    """``scale * (gain * table[token] + linear(features))``: at zero each branch has a gradient of its own.

    The columns of the inputs are token, scale, gain and the features. A zero start makes the softmax uniform,
    so the gradients of the two labels are opposite.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(ROWS, _CLASSES, _weight=torch.zeros(ROWS, _CLASSES))
        self.linear = nn.Linear(FEATURES, _CLASSES)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """``[n, 3 + FEATURES]`` to ``[n, 2]`` logits."""
        token, scale, gain = inputs[:, 0].long(), inputs[:, 1:2], inputs[:, 2:3]
        logits: Tensor = scale * (gain * self.table(token) + self.linear(inputs[:, 3:]))
        return logits


@dataclass(frozen=True, eq=False)
class ToyRecords:
    """Inputs ``[n, 3 + FEATURES]`` and labels ``[n]``."""

    inputs: Tensor
    labels: Tensor

    def __add__(self, other: "ToyRecords") -> "ToyRecords":
        return ToyRecords(torch.cat((self.inputs, other.inputs)), torch.cat((self.labels, other.labels)))


@dataclass(frozen=True)
class Toy:
    """The records around the canaries, made for one mechanism; see :class:`StepTask` for the fields."""

    noise_multiplier: float
    sample_rate: float
    clip_norm: float

    @cached_property
    def n_others(self) -> int:
        """Records beside the canary, so many that their sum's variance stays small against the noise."""
        coins = (1 - self.sample_rate) / self.sample_rate
        return max(64, math.ceil(coins * _OPPOSING**2 / (_VARIANCE * self.noise_multiplier**2)))

    @cached_property
    def expected_batch_size(self) -> int:
        """The constant normaliser."""
        return max(1, round(self.n_others * self.sample_rate))

    def canary(self, kind: str) -> ToyRecords:
        """One record whose gradient lies where ``kind`` says, far above the clip norm."""
        return self._record(kind, _HUGE, label=1)

    def others(self, kind: str) -> ToyRecords:
        """The opposing batch: each gradient is small, against the canary's, and needs no clipping.

        Beside the canary with a row of its own they use another row: noise that is added to touched rows
        only then gives the canary away.
        """
        share = _OPPOSING / (self.n_others * self.sample_rate)
        one = self._record(kind, share, label=0, row=_SHARED_ROW)
        return ToyRecords(one.inputs.repeat(self.n_others, 1), one.labels.repeat(self.n_others))

    def scene(self, kind: str, *, included: bool) -> ToyRecords:
        """The opposing batch, with or without the canary."""
        return self._scenes[kind, included]

    def direction(self, kind: str) -> dict[str, Tensor]:
        """The canary's gradient over all parameters, scaled to norm 1."""
        return self._directions[kind]

    @cached_property
    def _scenes(self) -> dict[tuple[str, bool], ToyRecords]:
        without = {kind: self.others(kind) for kind in (*KINDS, EVERYWHERE)}
        found = {(kind, False): records for kind, records in without.items()}
        return found | {(kind, True): without[kind] + self.canary(kind) for kind in without}

    @cached_property
    def _directions(self) -> dict[str, dict[str, Tensor]]:
        return {kind: _direction(self.canary(kind)) for kind in (*KINDS, EVERYWHERE)}

    def distinct(self) -> ToyRecords:
        """Records with a row of the table each, which show who was in a batch."""
        parts = [self._record("row", 100.0, label=0, row=row) for row in range(2, 258)]
        return ToyRecords(torch.cat([p.inputs for p in parts]), torch.cat([p.labels for p in parts]))

    def without_gradient(self) -> ToyRecords:
        """One record without any gradient."""
        return ToyRecords(torch.zeros(1, 3 + FEATURES), torch.zeros(1, dtype=torch.int64))

    def task(
        self, records: ToyRecords, seed: int, *, noise: float | None = None, rate: float | None = None
    ) -> StepTask:
        """A step on ``records``, by default with the configured noise and rate."""
        return StepTask(
            module=Branches(),
            inputs=records.inputs.clone(),
            labels=records.labels.clone(),
            noise_multiplier=self.noise_multiplier if noise is None else noise,
            clip_norm=self.clip_norm,
            sample_rate=self.sample_rate if rate is None else rate,
            expected_batch_size=self.expected_batch_size,
            seed=seed,
        )

    def _record(self, kind: str, norm: float, *, label: int, row: int | None = None) -> ToyRecords:
        """One record whose gradient has about ``norm`` clip norms.

        With g the gradient of the two logits (norm ``scale / sqrt(2)``) the bias gets g, the weight g times
        the features' norm, the row g times the gain.
        """
        far = 1_000.0
        gain, features, share = {
            "row": (far, 0.0, far),
            "table": (far, 0.0, far),
            "weight": (0.0, far, far),
            "bias": (0.0, 0.0, 1.0),
            EVERYWHERE: (1.0, 1.0, math.sqrt(3)),
        }[kind]
        inputs = torch.full((1, 3 + FEATURES), features / math.sqrt(FEATURES))
        token = (_OWN_ROW if kind == "row" else _SHARED_ROW) if row is None else row
        scale = norm * self.clip_norm * math.sqrt(2) / share
        inputs[0, :3] = torch.tensor([float(token), scale, gain])
        return ToyRecords(inputs, torch.tensor([label]))


def _direction(canary: ToyRecords) -> dict[str, Tensor]:
    """The canary's gradient at the start, over all parameters, scaled to norm 1."""
    module = Branches()
    loss = nn.functional.cross_entropy(module(canary.inputs), canary.labels)
    names, parameters = zip(*module.named_parameters(), strict=True)
    gradients = torch.autograd.grad(loss, parameters)
    length = torch.sqrt(
        sum((g.double().square().sum() for g in gradients), torch.zeros((), dtype=torch.float64))
    )
    return {name: g.double() / length for name, g in zip(names, gradients, strict=True)}
