"""Many short runs: in each a fair coin decides whether a canary is among the records."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from privaudit.audits.dp_step.loading import LoadedStep
from privaudit.audits.dp_step.observe import noisy_sum, project
from privaudit.audits.dp_step.toy import KINDS, Toy
from privaudit.progress import SILENT, Progress, track

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
PILOT_RUNS = 24
"""Per kind of canary, all without it: they centre and scale the score, and are not used again."""
_LEAST_SPREAD = 1e-3


class Draw(IntEnum):
    """What random numbers are drawn for; part of the seed."""

    PILOT = 1
    TEST = 2
    POSITIVE = 3
    PROBES = 4


@dataclass(frozen=True, eq=False)
class Pilot:
    """What a step returns without a canary, along each canary's direction."""

    centre: dict[str, float]
    spread: dict[str, float]


@dataclass(frozen=True, eq=False)
class Observed:
    """The scores of independent runs."""

    scores: Floats
    """``[n]``, higher = the canary was there."""
    included: Bools
    """``[n]`` the coins."""


def run_pilot(
    step: LoadedStep, toy: Toy, steps: int, seed: int, progress: Progress = SILENT, runs: int = PILOT_RUNS
) -> Pilot:
    """Measure mean and standard deviation of the projections where no canary is.

    For a correct step they are known. Measured, the score is as sharp for one that is not correct.
    """
    rng = np.random.default_rng([seed, Draw.PILOT])
    centre, spread = {}, {}
    for kind in track(KINDS, progress, "pilot runs", len(KINDS)):
        found = _projections(step, toy, kind, _seeds(rng, runs * steps), included=False)
        centre[kind], spread[kind] = float(found.mean()), max(float(found.std()), _LEAST_SPREAD)
    return Pilot(centre, spread)


def run_many(
    step: LoadedStep,
    toy: Toy,
    pilot: Pilot,
    *,
    steps: int,
    runs: int,
    seed: int,
    noise: float | None = None,
    draw: Draw = Draw.TEST,
    progress: Progress = SILENT,
    task: str = "runs",
) -> Observed:
    """Make independent runs of ``steps`` steps each and score them.

    Coins, kinds of canaries and seeds are all drawn beforehand, so runs are independent and alike in law.

    Args:
        step: what is tested.
        toy: the records, for the claimed mechanism.
        pilot: of runs of their own.
        steps: per run; the parameters stay as they are.
        runs: how many.
        seed: root of all draws.
        noise: what the step is asked for instead of the claimed noise multiplier.
        draw: what the runs are for.
        progress: advanced once per run.
        task: what the progress calls it.

    Raises:
        UsageError: the step fails or returns something unusable.
    """
    rng = np.random.default_rng([seed, draw])
    included, kinds = rng.random(runs) < 0.5, rng.choice(list(KINDS), size=runs, p=list(KINDS.values()))
    seeds = [_seeds(rng, steps) for _ in range(runs)]
    scores = np.empty(runs)
    for i in track(range(runs), progress, task, runs):
        kind = str(kinds[i])
        found = _projections(step, toy, kind, seeds[i], included=bool(included[i]), noise=noise)
        scores[i] = log_likelihood_ratio(
            (found - pilot.centre[kind]) / pilot.spread[kind], 1 / pilot.spread[kind], toy.sample_rate
        )
    return Observed(scores, included)


def log_likelihood_ratio(observed: Floats, shift: float, sample_rate: float) -> float:
    """How much likelier observations ``[T]`` are with a canary than without.

    Without it each is standard normal; with it, it is moved by ``shift`` with probability ``sample_rate``.
    """
    with np.errstate(divide="ignore"):
        absent, present = np.log1p(-sample_rate), np.log(sample_rate)
    return float(np.logaddexp(absent, present + shift * observed - shift * shift / 2).sum())


def _projections(
    step: LoadedStep,
    toy: Toy,
    kind: str,
    seeds: Sequence[int],
    *,
    included: bool,
    noise: float | None = None,
) -> Floats:
    """``[T]`` noisy sums of one run along the canary's direction, in clip norms."""
    scene = toy.scene(kind, included=included)
    return np.array(
        [project(noisy_sum(step, toy.task(scene, seed, noise=noise)), toy.direction(kind)) for seed in seeds]
    )


def _seeds(rng: np.random.Generator, count: int) -> list[int]:
    return [int(seed) for seed in rng.integers(0, 2**63, size=count)]
