"""How often the self-test of a private optimiser catches a bug, and how often it accuses a correct one.

    python benchmarks/selftest_power.py               # 5,000 runs per variant
    python benchmarks/selftest_power.py --bank 1000     # a first look

What is tested is privaudit's own private training, one step of which is asked for at a time; the bugs are put
into it. Of each variant a bank of fresh runs is made, and repeats of the test are drawn from its bank without
replacement: 200 runs for the test at 5 %, 500 for the verdict ``violated`` (p < 0.001).
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

from privaudit.accounting.curves import max_roc
from privaudit.audits.dp_step import own
from privaudit.audits.dp_step.design import Design
from privaudit.audits.dp_step.loading import LoadedStep
from privaudit.audits.dp_step.runs import Observed, run_many, run_pilot
from privaudit.audits.dp_step.task import Step
from privaudit.stats.bounds import rank_test
from privaudit.training.private import fit
from privaudit.training.private.gradients import ClippedSum, RowGradient, clipped_sum
from privaudit.training.private.sampling import PoissonBatches

Factors = Callable[[Tensor], Tensor]
Losses = Callable[[], Tensor]
REPEATS = 100
SMALL, LARGE = 200, 500
VIOLATED = 0.001


@dataclass(frozen=True)
class Variant:
    """A step with or without a bug, and what the test must do in 100 repeats."""

    name: str
    step: Step = own.step
    replaced: str | None = None
    """Name in the training loop's module that the bug replaces."""
    by: object = None
    rejected: tuple[int, int] = (92, REPEATS)
    """Repeats with 200 runs that reject at 5 %, least and most."""
    violated: tuple[int, int] = (92, REPEATS)
    """Repeats with 500 runs whose verdict is ``violated``."""

    @contextmanager
    def injected(self) -> Iterator[LoadedStep]:
        """The step, with the bug inside the block."""
        with ExitStack() as stack:
            if self.replaced is not None:
                stack.enter_context(patch.object(fit, self.replaced, self.by))
            yield LoadedStep(self.name, self.step, None)


class HalfNoise(fit._Mechanism):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.deviation /= 2


def doubled_rate(n: int, rate: float, seed: int) -> PoissonBatches:
    return PoissonBatches(n, min(1.0, 2 * rate), seed)


def without_norm_of(layer: str) -> Callable[[nn.Module, Losses, Factors], ClippedSum]:
    """The layer's gradient does not count in the norm that is clipped."""

    def buggy(module: nn.Module, losses: Losses, factors: Factors) -> ClippedSum:
        with only(module, layer):
            own_norms = clipped_sum(module, losses, torch.ones_like).norms
        return clipped_sum(
            module, losses, lambda norms: factors((norms**2 - own_norms**2).clamp(min=0).sqrt())
        )

    return buggy


def unscaled(layer: str) -> Callable[[nn.Module, Losses, Factors], ClippedSum]:
    """The layer's gradient counts in the norm, but is not scaled down with the others."""

    def buggy(module: nn.Module, losses: Losses, factors: Factors) -> ClippedSum:
        with only(module, layer):
            loose = clipped_sum(module, losses, torch.ones_like)
        found = clipped_sum(module, losses, factors)
        return ClippedSum(found.norms, {**found.gradients, **loose.gradients})

    return buggy


def per_batch(module: nn.Module, losses: Losses, factors: Factors) -> ClippedSum:
    """The batch's summed gradient is clipped instead of each record's."""
    found = clipped_sum(module, losses, torch.ones_like)
    squares = [
        g.values.square().sum() if isinstance(g, RowGradient) else g.square().sum()
        for g in found.gradients.values()
    ]
    factor = float(factors(torch.stack(squares).sum().sqrt()[None])[0])
    scaled = {
        name: RowGradient(g.rows, g.values * factor) if isinstance(g, RowGradient) else g * factor
        for name, g in found.gradients.items()
    }
    return ClippedSum(found.norms, scaled)


@contextmanager
def only(module: nn.Module, layer: str) -> Iterator[None]:
    """Train one layer alone inside."""
    others = [p for name, p in module.named_parameters() if not name.startswith(f"{layer}.")]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)


FINE = {"rejected": (0, 10), "violated": (0, 2)}
VARIANTS = (
    Variant("correct, automatic clipping", **FINE),
    Variant("correct, fixed clipping", own.fixed_step, **FINE),
    Variant("noise halved", replaced="_Mechanism", by=HalfNoise),
    Variant("norm of the linear layer left out", replaced="clipped_sum", by=without_norm_of("linear")),
    Variant("linear layer not scaled", replaced="clipped_sum", by=unscaled("linear")),
    Variant("norm of the embedding left out", replaced="clipped_sum", by=without_norm_of("table")),
    Variant("embedding not scaled", replaced="clipped_sum", by=unscaled("table")),
    Variant("batch clipped as one", replaced="clipped_sum", by=per_batch),
    Variant(
        "rate doubled", replaced="PoissonBatches", by=doubled_rate, rejected=(70, 100), violated=(70, 100)
    ),
)


@dataclass(frozen=True)
class Caught:
    """What the test said in ``repeats`` repeats."""

    variant: Variant
    rejected: int
    violated: int
    repeats: int

    @property
    def as_wanted(self) -> bool:
        """Whether both shares are within their limits."""
        pairs = ((self.rejected, self.variant.rejected), (self.violated, self.variant.violated))
        return all(low <= 100 * count / self.repeats <= high for count, (low, high) in pairs)


def bank(variant: Variant, design: Design, runs: int, seed: int) -> Observed:
    """Fresh runs of a variant, scored by a pilot of its own."""
    # NOTE: seeding devices that nobody uses takes a quarter of a step this small.
    seeded = patch.object(torch.random, "_manual_seed_impl", torch.default_generator.manual_seed)
    with variant.injected() as step, seeded:
        pilot = run_pilot(step, design.toy, design.steps, seed)
        return run_many(step, design.toy, pilot, steps=design.steps, runs=runs, seed=seed)


def caught(variant: Variant, found: Observed, design: Design, repeats: int, seed: int) -> Caught:
    """Repeat the test on runs drawn from the bank."""
    rng = np.random.default_rng(seed)
    p_small = [p_value(found, design, SMALL, rng) for _ in range(repeats)]
    p_large = [p_value(found, design, LARGE, rng) for _ in range(repeats)]
    return Caught(variant, sum(p < 0.05 for p in p_small), sum(p < VIOLATED for p in p_large), repeats)


def p_value(found: Observed, design: Design, runs: int, rng: np.random.Generator) -> float:
    chosen = rng.choice(len(found.scores), runs, replace=False)
    inverse = max_roc(design.mechanism).fpr_at
    return rank_test.against_curve(found.scores[chosen], found.included[chosen], inverse, rng).p_value


@contextmanager
def shared_nulls() -> Iterator[None]:
    """Draw the null once for every pair of group sizes: repeats then differ by their runs alone."""
    real = rank_test.drawn

    @cache
    def once(inverse, n_in, n_out, draws, statistic):
        return real(inverse, n_in, n_out, np.random.default_rng([n_in, n_out]), draws, statistic)

    def drawn(inverse, n_in, n_out, rng, draws, statistic):
        del rng
        return once(inverse, n_in, n_out, draws, statistic)

    with patch.object(rank_test, "drawn", drawn):
        yield


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bank", type=int, default=5000, help="runs per variant")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--only", help="variants whose name contains this")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    design = Design()
    print(f"{design}; {options.bank:,} runs per variant, {options.repeats} repeats", flush=True)
    print(f"{'':36}{f'{SMALL} runs, p < 5 %':>26}{f'{LARGE} runs, violated':>26}", flush=True)
    good = True
    with shared_nulls():
        for variant in (v for v in VARIANTS if (options.only or "") in v.name):
            found = bank(variant, design, options.bank, options.seed)
            row = caught(variant, found, design, options.repeats, options.seed)
            print(line(row), flush=True)
            good &= row.as_wanted
    sys.exit(not good)


def line(row: Caught) -> str:
    cells = [
        f"{count} of {row.repeats} ({'at most ' + str(most) if least == 0 else 'at least ' + str(least)})"
        for count, (least, most) in (
            (row.rejected, row.variant.rejected),
            (row.violated, row.variant.violated),
        )
    ]
    return f"{row.variant.name:36}{cells[0]:>26}{cells[1]:>26}{'' if row.as_wanted else '  NOT AS WANTED'}"


if __name__ == "__main__":
    main()
