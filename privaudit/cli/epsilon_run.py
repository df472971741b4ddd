"""Compute and print what ``privaudit epsilon`` was asked."""

import json
import math
from collections.abc import Mapping

from privaudit.accounting.accountants import epsilons
from privaudit.accounting.calibrate import noise_for_epsilon
from privaudit.accounting.curves import max_roc
from privaudit.accounting.mechanism import Mechanism
from privaudit.accounting.one_run import ASSUMES, one_run_bound
from privaudit.cli.output import tell

FPRS = (0.0001, 0.001, 0.01, 0.1, 0.5)


def show_account(
    noise_multiplier: float, sample_rate: float, steps: int, delta: float, *, as_json: bool
) -> int:
    """Print epsilon by every accountant and the maximal ROC."""
    mechanism = Mechanism.uniform(noise_multiplier, sample_rate, steps)
    found, roc = epsilons(mechanism, delta), max_roc(mechanism)
    max_tpr = {f"{fpr:g}": float(roc.max_tpr(fpr)) for fpr in FPRS}
    if as_json:
        epsilon = {name: _finite(value) for name, value in vars(found).items() if name != "prv_reason"}
        extra = {} if found.prv_reason is None else {"prv_reason": found.prv_reason}
        _print({"epsilon": epsilon, "max_tpr": max_tpr, "max_auc": roc.auc, **extra})
        return 0
    tell(f"epsilon at delta {delta:g}: {found.pld:.4f} by PLD (quote this), {found.rdp:.4f} by RDP")
    tell(f"PRV: {found.prv_reason}" if found.prv is None else f"{found.prv:.4f} by PRV, its error included")
    tell("The most that any attack on all steps can reach:")
    for fpr, tpr in max_tpr.items():
        tell(f"  TPR {tpr:.6f} at FPR {fpr}")
    tell(f"  AUC {roc.auc:.5f}")
    return 0


def show_calibration(epsilon: float, sample_rate: float, steps: int, delta: float, *, as_json: bool) -> int:
    """Print the noise multiplier that keeps ``epsilon``."""
    noise = noise_for_epsilon(epsilon, delta, sample_rate, steps)
    if as_json:
        _print({"noise_multiplier": noise})
    else:
        tell(f"noise multiplier {noise:.5f} keeps epsilon at most {epsilon:g} at delta {delta:g} (PLD)")
    return 0


def show_bound(
    method: str, canaries: int, guesses: int, correct: int, delta: float, confidence: float, *, as_json: bool
) -> int:
    """Print the lower bound with what it assumes."""
    value = one_run_bound(method, canaries, guesses, correct, delta, confidence)
    if as_json:
        _print({"epsilon": value})
    else:
        tell(f"epsilon is at least {value:.6f} at delta {delta:g} with confidence {confidence:.0%}")
        tell(f"assumes {ASSUMES[method]}")
    return 0


def _finite(value: float | None) -> float | str | None:
    """As every result has it: infinity is the string ``inf``."""
    return "inf" if value is not None and math.isinf(value) else value


def _print(content: Mapping[str, object]) -> None:
    tell(json.dumps(content, allow_nan=False))
