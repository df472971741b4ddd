"""Known answers: closed forms, published values, and values on which several libraries agree."""

from collections.abc import Callable
from dataclasses import dataclass

from privaudit.accounting.accountants import epsilon_pld, epsilon_rdp
from privaudit.accounting.curves import max_roc
from privaudit.accounting.mechanism import Mechanism
from privaudit.selftest.check import Check
from privaudit.stats.bounds import fixed_threshold, mahloujifar, steinke
from privaudit.stats.tradeoff import (
    epsilon_at_point,
    epsilon_of_gaussian,
    max_tpr_epsilon_delta,
    mu_of_epsilon,
)

_SMALL = Mechanism.uniform(1.0, 0.01, 1000)


@dataclass(frozen=True)
class Golden:
    """A value that was computed elsewhere."""

    name: str
    compute: Callable[[], float]
    expected: float
    tolerance: float
    """Absolute."""


GOLDEN = (
    Golden("epsilon by PLD", lambda: epsilon_pld(_SMALL, 1e-5), 1.828244, 2e-4),
    Golden("epsilon by RDP", lambda: epsilon_rdp(_SMALL, 1e-5), 2.101367, 2e-3),
    Golden("epsilon of a schedule by PLD", lambda: epsilon_pld(_schedule(), 1e-5), 1.828244, 2e-4),
    Golden(
        "epsilon of two copies by PLD",
        lambda: epsilon_pld(_copies(), 1e-5),
        epsilon_of_gaussian(1, 1e-5),
        1e-4,
    ),
    Golden("largest TPR at FPR 0.01", lambda: float(max_roc(_SMALL).max_tpr(0.01)), 0.029139, 2e-6),
    Golden("largest AUC", lambda: max_roc(_SMALL).auc, 0.61310, 2e-5),
    Golden("TPR of (1, 1e-5) at FPR 0.1", lambda: float(max_tpr_epsilon_delta(0.1, 1, 1e-5)), 0.271838, 1e-6),
    Golden("epsilon of the Gaussian curve", lambda: epsilon_of_gaussian(1, 1e-5), 4.377178, 1e-6),
    Golden("Gaussian curve of an epsilon", lambda: mu_of_epsilon(8, 1e-5), 1.666031, 1e-6),
    Golden("epsilon at a point", lambda: epsilon_at_point(0.01, 0.5, 1e-5), 3.912003, 1e-6),
    Golden("Steinke, p-value", lambda: steinke.p_value(1000, 1000, 600, 0.3, 1e-5), 0.054598317, 1e-8),
    Golden(
        "Steinke, bound", lambda: steinke.epsilon_lower_bound(100_000, 20_000, 17_000, 1e-5), 1.699498, 1e-6
    ),
    Golden(
        "Mahloujifar, bound", lambda: mahloujifar.epsilon_lower_bound(1000, 1000, 600, 1e-5), 0.58342, 3e-4
    ),
    Golden("Clopper-Pearson, bound", lambda: _threshold(450, 450, 50, 50), 1.903522, 1e-6),
    Golden(
        "Clopper-Pearson, Tramer et al. 2022",
        lambda: _threshold(4922, 99_826, 174, 95_078, 1 - 1e-10),
        2.795,
        1e-3,
    ),
)


def golden_checks() -> list[Check]:
    """Every known answer."""
    return [Check("golden values", g.name, g.compute(), g.expected, "equal to", g.tolerance) for g in GOLDEN]


def _schedule() -> Mechanism:
    return Mechanism((*Mechanism.uniform(1.0, 0.01, 400).phases, *Mechanism.uniform(1.0, 0.01, 600).phases))


def _copies() -> Mechanism:
    return Mechanism.uniform(2.0, 1.0, 1, 2)


def _threshold(tp: int, tn: int, fp: int, fn: int, confidence: float = 0.95) -> float:
    return fixed_threshold.epsilon_lower_bound(fixed_threshold.Errors(tp, tn, fp, fn), 1e-5, confidence)
