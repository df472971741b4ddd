"""Epsilon of a mechanism by several accountants, and the smallest bound that is proven.

The privacy-loss distribution (PLD) is Google's dp-accounting (connect-the-dots, arXiv 2207.04380). It is
never below the true epsilon: what rounding in a Fourier transform may take from delta is set aside. On the
default grid it is at most 1e-4 above where a step's losses exceed the width of the grid; for small steps the
grid is finer (:mod:`privaudit.accounting.grid`). Without sampling the mechanism is Gaussian and epsilon
exact. RDP (arXiv 1702.07476) is looser, and holds at any delta. PRV (Opacus, arXiv 2106.02848) is an
estimate with an error bound, which is added. The Gaussian central-limit accountant is not offered: it
under-reports (at noise 0.5, rate 0.001, 3,000 steps it gives 1.77 where 4.96 is true).
"""

import logging
import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from privaudit.accounting.grid import grid_width, rounding
from privaudit.accounting.group_losses import group_losses
from privaudit.accounting.mechanism import Mechanism, Phase
from privaudit.errors import UsageError
from privaudit.stats.tradeoff import epsilon_of_gaussian

if TYPE_CHECKING:
    from dp_accounting.dp_event import DpEvent
    from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

_PRV_ERROR = 0.01
_TOO_SMALL = "double precision does not support so small a delta"
_NO_GROUPS = "this accountant knows single records only"


@dataclass(frozen=True)
class Epsilons:
    """One mechanism's epsilon at one delta, by each accountant."""

    smallest: float
    """The smallest bound that is proven: the one to quote."""
    pld: float
    """Infinite where double precision does not support so small a delta."""
    rdp: float | None
    """None for groups; ``rdp_reason`` says so."""
    prv: float | None
    """None for groups, without Opacus and where ``pld`` is infinite; ``prv_reason`` says so."""
    rdp_reason: str | None = None
    prv_reason: str | None = None

    @property
    def source(self) -> str:
        """Where the smallest bound comes from."""
        if self.smallest == self.pld:
            return "by PLD"
        return "by RDP" if self.smallest == self.rdp else "exactly, because nothing is sampled"


@lru_cache(maxsize=16)
def privacy_losses(mechanism: Mechanism, coarse: bool = False) -> "PrivacyLossDistribution":
    """The privacy-loss distribution of all steps together, for adding or removing the record or group."""
    composed, width = None, grid_width(mechanism, coarse)
    for phase in mechanism.phases:
        steps = _step_losses(phase, mechanism.group, coarse, width).self_compose(phase.steps)
        composed = steps if composed is None else composed.compose(steps)
    return composed


def _step_losses(phase: Phase, group: int, coarse: bool, width: float) -> "PrivacyLossDistribution":
    from dp_accounting.pld import privacy_loss_distribution

    if group > 1 or coarse:
        return group_losses(phase.noise_multiplier, phase.sample_rate, group, width)
    return privacy_loss_distribution.from_gaussian_mechanism(
        phase.noise_multiplier,
        sampling_prob=phase.sample_rate,
        value_discretization_interval=width,
        use_connect_dots=True,
    )


def smallest_epsilon(mechanism: Mechanism, delta: float, coarse: bool = False) -> float:
    """The smallest proven epsilon at ``delta``: exact without sampling, else the lower of PLD and RDP.

    Args:
        mechanism: what is configured.
        delta: in (0, 1).
        coarse: for searches: PLD on a wider grid alone, a little higher.

    Raises:
        UsageError: delta is not in (0, 1).
    """
    _checked(delta)
    if all(phase.sample_rate == 1 for phase in mechanism.phases):
        squares = math.fsum(phase.steps / phase.noise_multiplier**2 for phase in mechanism.phases)
        return epsilon_of_gaussian(mechanism.group * math.sqrt(squares), delta)
    pld = epsilon_pld(mechanism, delta, coarse)
    if mechanism.group > 1 or (coarse and math.isfinite(pld)):
        return pld
    return min(pld, epsilon_rdp(mechanism, delta))


def epsilon_pld(mechanism: Mechanism, delta: float, coarse: bool = False) -> float:
    """Smallest epsilon at ``delta`` from the privacy-loss distribution; never below the true one.

    Infinite where ``delta`` is so small that double precision does not support it
    (:func:`~privaudit.accounting.grid.rounding`).

    Raises:
        UsageError: delta is not in (0, 1).
    """
    supported = _checked(delta) - rounding(mechanism)
    if supported <= 0:
        return math.inf
    return float(privacy_losses(mechanism, coarse).get_epsilon_for_delta(supported))


def epsilon_rdp(mechanism: Mechanism, delta: float) -> float:
    """Epsilon at ``delta`` from Renyi differential privacy: fast, and an upper bound that is 5-20 % high.

    Raises:
        UsageError: delta is not in (0, 1), or the mechanism is that of a group.
    """
    _require_single(mechanism)
    from dp_accounting import rdp

    accountant, log = rdp.RdpAccountant(), logging.getLogger("absl")
    level = log.level
    try:
        # NOTE: it logs every order whose series does not converge; the least of the others is a bound too.
        log.setLevel(logging.ERROR)
        for event in _events(mechanism):
            accountant.compose(event)
    finally:
        log.setLevel(level)
    return float(accountant.get_epsilon(_checked(delta)))


def epsilon_prv(mechanism: Mechanism, delta: float) -> float:
    """Epsilon at ``delta`` from Opacus' PRV accountant, its error bound of 0.01 included.

    Raises:
        UsageError: delta is not in (0, 1), or the mechanism is that of a group.
        ImportError: the extra ``opacus`` is not installed.
    """
    _require_single(mechanism)
    from opacus.accountants import create_accountant

    accountant = create_accountant("prv")
    accountant.history = [(p.noise_multiplier, p.sample_rate, p.steps) for p in mechanism.phases]
    with warnings.catch_warnings():
        # NOTE: it takes logarithms of zero where a privacy loss is impossible, and says so.
        warnings.simplefilter("ignore")
        return float(accountant.get_epsilon(_checked(delta), eps_error=_PRV_ERROR))


def epsilons(mechanism: Mechanism, delta: float) -> Epsilons:
    """Epsilon by every accountant that is installed.

    Raises:
        UsageError: delta is not in (0, 1).
    """
    smallest, pld = smallest_epsilon(mechanism, delta), epsilon_pld(mechanism, delta)
    if mechanism.group > 1:
        return Epsilons(smallest, pld, None, None, _NO_GROUPS, _NO_GROUPS)
    try:
        # NOTE: its transforms lose so small a delta too, and then it under-reports.
        prv, reason = (epsilon_prv(mechanism, delta), None) if pld < math.inf else (None, _TOO_SMALL)
    except ImportError:
        prv, reason = None, 'Opacus is not installed: pip install "privaudit[opacus]"'
    return Epsilons(smallest, pld, epsilon_rdp(mechanism, delta), prv, prv_reason=reason)


def _events(mechanism: Mechanism) -> "list[DpEvent]":
    from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent, SelfComposedDpEvent

    return [
        SelfComposedDpEvent(
            PoissonSampledDpEvent(phase.sample_rate, GaussianDpEvent(phase.noise_multiplier)), phase.steps
        )
        for phase in mechanism.phases
    ]


def _require_single(mechanism: Mechanism) -> None:
    if mechanism.group > 1:
        raise UsageError(
            f"This accountant takes single records, not a group of {mechanism.group}",
            "Use the PLD accountant",
        )


def _checked(delta: float) -> float:
    if not (0 < delta < 1) or math.isnan(delta):
        raise UsageError(f"Delta {delta} is not in (0, 1)", "Give for example 1e-5")
    return delta
