"""What would decide a threshold on epsilon, as far as a result tells."""

from math import ceil, exp, log1p

from privaudit.gate.interval_ends import ASSUMPTION_FREE
from privaudit.gate.thresholds import Threshold
from privaudit.results import Epsilon, LowerBound

_MOST = 1_000_000
_SANE = 50.0
"""No design reaches an epsilon beyond this."""
_UNITS = {"one-run": "canaries", "many-run": "models", "self-test": "runs"}


def epsilon_advice(threshold: Threshold, epsilon: Epsilon) -> str | None:
    """What it would take to exceed the limit, and for it to hold.

    The two have nothing to do with each other: an attack bounds epsilon from below, accounting from above.

    Args:
        threshold: inconclusive.
        epsilon: of the result.
    """
    wanted = (threshold.attack,) if threshold.attack else ASSUMPTION_FREE
    bound = next((bound for bound in epsilon.lower_bounds if bound.method in wanted), None)
    if bound is None:
        return None
    return f"{_to_exceed(bound, epsilon, threshold.limit)} {_to_hold(epsilon, threshold.limit)}"


def _to_exceed(bound: LowerBound, epsilon: Epsilon, limit: float) -> str:
    n, units = epsilon.n_in + epsilon.n_out, _UNITS[epsilon.design]
    top = epsilon.ceiling if bound.ceiling is None else bound.ceiling
    if top > limit:
        return (
            f"To exceed it: {n:,} {units} could show up to {top:.3g}, and this attack shows "
            f"{bound.value:.3g}; a stronger score or more of them may show more."
        )
    count = _units_for(limit, top, n)
    what = "no design of sane size does" if count is None else f"it takes about {count:,} or more"
    return f"To exceed it: {n:,} {units} show {top:.3g} at most, even to an attack without error; {what}."


def _units_for(limit: float, top: float, n: int) -> int | None:
    """Canaries or models with which an attack without error reaches the limit; None beyond a million.

    Were all of ``m`` guesses right, pure epsilon would be refuted while ``(1 + exp(-epsilon)) ** -m`` is at
    most the level (arXiv 2305.08846, theorem 3.1), so ``m`` goes with one over ``log(1 + exp(-epsilon))``.
    The ceiling of the design at hand stands for the level. With delta it takes more.
    """
    if top < 0 or limit > _SANE:
        return None
    count = ceil(n * log1p(exp(-top)) / log1p(exp(-limit)))
    return count if count <= _MOST else None


def _to_hold(epsilon: Epsilon, limit: float) -> str:
    accounted = epsilon.accounted
    if epsilon.verdict == "violated":
        return "For it to hold: another model, since the claim of this one is refuted."
    if accounted is None:
        return "For it to hold: a claim with its mechanism (noise, rate, steps), so that it can be accounted."
    if accounted > limit:
        return (
            "For it to hold: a model with more noise, since the mechanism claimed for this one is accounted "
            f"at {accounted:.3g}."
        )
    power = "" if epsilon.power is None else f" (now {epsilon.power:.0%} to notice half the noise)"
    return (
        f"For it to hold: a test of the claim with more power{power}; the mechanism is accounted at "
        f"{accounted:.3g}, within the limit."
    )
