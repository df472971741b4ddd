"""Run the self-check, section by section."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from privaudit.progress import SILENT, Progress
from privaudit.selftest.attacks import attack_checks
from privaudit.selftest.bounds import Size, null_checks, power_checks, truth_checks
from privaudit.selftest.check import Check
from privaudit.selftest.controls import control_checks
from privaudit.selftest.golden import golden_checks


@dataclass(frozen=True)
class Extent:
    """How much is run."""

    bounds: Size
    attack_runs: int
    attack_records: int
    draws: int


USUAL = Extent(Size(), attack_runs=200, attack_records=300, draws=9_999)
QUICK = Extent(
    Size(n=300, audits=300, tight_audits=5000, quantiles=2, epsilons=(2.0,)),
    attack_runs=50,
    attack_records=200,
    draws=1_999,
)


def run_selftest(extent: Extent, seed: int, progress: Progress = SILENT) -> tuple[Check, ...]:
    """Every check; the draws of a section depend on the seed and the section alone.

    Args:
        extent: :data:`USUAL` or :data:`QUICK`.
        seed: of all draws.
        progress: told once per section, and of the attacks.
    """
    found: list[Check] = []
    sections: tuple[Callable[[np.random.Generator], Iterable[Check]], ...] = (
        lambda _: golden_checks(),
        lambda rng: null_checks(extent.bounds, rng),
        lambda rng: truth_checks(extent.bounds, rng),
        lambda rng: power_checks(extent.bounds, rng),
        lambda rng: control_checks(extent.draws, rng),
    )
    progress.start("bounds", len(sections))
    for number, section in enumerate(sections):
        found.extend(section(np.random.default_rng([seed, number])))
        progress.advance()
    found.extend(attack_checks(extent.attack_runs, extent.attack_records, seed, progress))
    return tuple(found)
