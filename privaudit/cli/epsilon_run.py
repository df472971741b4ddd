"""Compute and print what ``privaudit epsilon`` was asked."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from privaudit.accounting.accountants import Epsilons, epsilons
from privaudit.accounting.claim import mechanism_of
from privaudit.accounting.curves import max_roc
from privaudit.accounting.noise_for_epsilon import noise_for_epsilon
from privaudit.claim_test.checks import static_checks
from privaudit.claim_test.one_run_bounds import ASSUMES, one_run_bound
from privaudit.cli.output import tell
from privaudit.errors import UsageError
from privaudit.results import Claim

FPRS = (0.0001, 0.001, 0.01, 0.1, 0.5)


@dataclass(frozen=True)
class Accounted:
    """What to account for: three numbers, or a file that has them."""

    noise_multiplier: float | None
    sample_rate: float | None
    steps: int | None
    delta: float | None
    claim: Path | None
    copies: int
    records: int | None


def show_account(asked: Accounted, *, as_json: bool) -> int:
    """Print epsilon by every accountant, the maximal ROC, and the checks of a claim that was read."""
    claim = _claim(asked)
    mechanism = mechanism_of(claim)
    if mechanism is None:
        raise UsageError(
            f"The claim in {claim.source} lacks a noise multiplier, sample rate or steps",
            "Give --noise-multiplier, --sample-rate and --steps instead of --claim",
        )
    if claim.delta is None:
        raise UsageError("No delta was given", "Give --delta in (0, 1), for example 1e-5")
    mechanism = mechanism.for_group(asked.copies)
    found, roc = epsilons(mechanism, claim.delta), max_roc(mechanism)
    checks = () if asked.claim is None else static_checks(claim, n_records=asked.records)
    max_tpr = {f"{fpr:g}": float(roc.max_tpr(fpr)) for fpr in FPRS}
    if as_json:
        epsilon = {name: _finite(getattr(found, name)) for name in ("smallest", "pld", "rdp", "prv")}
        reasons = {"rdp_reason": found.rdp_reason, "prv_reason": found.prv_reason}
        extra: dict[str, object] = {name: reason for name, reason in reasons.items() if reason is not None}
        if asked.claim is not None:
            extra |= {
                "claim": claim.model_dump(mode="json", exclude_none=True),
                "checks": [check.model_dump() for check in checks],
            }
        _print({"epsilon": epsilon, "max_tpr": max_tpr, "max_auc": roc.auc, **extra})
        return 0
    _tell_account(found, claim.delta, asked.copies)
    tell("The most that any attack on all steps can reach:")
    for fpr, tpr in max_tpr.items():
        tell(f"  TPR {tpr:.6f} at FPR {fpr}")
    tell(f"  AUC {roc.auc:.5f}")
    for check in checks:
        tell(f"{check.status}: {check.text}")
    return 0


def _claim(asked: Accounted) -> Claim:
    numbers = (asked.noise_multiplier, asked.sample_rate, asked.steps)
    if asked.claim is None:
        if None in numbers:
            flags = ("--noise-multiplier", "--sample-rate", "--steps")
            missing = [name for name, value in zip(flags, numbers, strict=True) if value is None]
            raise UsageError(f"Missing {', '.join(missing)}", "Give all three numbers, or --claim FILE")
        noise, rate, steps = numbers
        return Claim(noise_multiplier=noise, sample_rate=rate, steps=steps, delta=asked.delta)
    if numbers != (None, None, None):
        raise UsageError(
            "--claim was given with --noise-multiplier, --sample-rate or --steps", "Drop one of them"
        )
    from privaudit.audits.epsilon.claim import read_claim

    claim = read_claim(asked.claim)
    if asked.delta is None or asked.delta == claim.delta:
        return claim
    # NOTE: an epsilon claimed at another delta does not hold at this one.
    return claim.model_copy(update={"delta": asked.delta, "epsilon": None})


def _tell_account(found: Epsilons, delta: float, copies: int) -> None:
    if copies > 1:
        whose = f"epsilon of {copies} copies of a record together at delta {delta:g}"
        tell(f"{whose}: {found.smallest:.4f} {found.source}")
        return
    others = {"by PLD": found.pld, "by RDP": found.rdp}
    looser = ", ".join(
        "none by PLD at so small a delta" if value == math.inf else f"{value:.4f} {name}"
        for name, value in others.items()
        if name != found.source
    )
    tell(f"epsilon at delta {delta:g}: {found.smallest:.4f} {found.source} (quote this), {looser}")
    tell(f"PRV: {found.prv_reason}" if found.prv is None else f"{found.prv:.4f} by PRV, its error included")


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
