"""What would decide a threshold on epsilon, as far as a result shows."""

from math import ceil, exp, log1p

from privaudit.gate.thresholds import Threshold
from privaudit.results import Epsilon, LowerBound
from privaudit.results.epsilon import ASSUMPTION_FREE

_MOST = 1_000_000
_SANE = 50.0
"""No design reaches an epsilon beyond this."""
_UNITS = {"one-run": "canaries", "many-run": "models", "self-test": "runs"}


def epsilon_advice(threshold: Threshold, epsilon: Epsilon) -> str | None:
    """What it would take to exceed the limit, and for it to hold.

    The two are independent: an attack bounds epsilon from below, accounting from above.

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
            f"To exceed it: {n:,} {units} could show up to {top:.3g}, and this attack showed "
            f"{bound.value:.3g}; try a stronger score or more {units}."
        )
    count = _units_for(limit, top, n)
    what = "no feasible number is enough" if count is None else f"it takes at least about {count:,}"
    return f"To exceed it: {n:,} {units} show at most {top:.3g}, even to an attack without error; {what}."


def _units_for(limit: float, top: float, n: int) -> int | None:
    """Canaries or models with which an attack without error reaches the limit; None beyond a million.

    If all of ``m`` guesses are right, pure epsilon is refuted while ``(1 + exp(-epsilon)) ** -m`` is at most
    the level (arXiv 2305.08846, theorem 3.1), so ``m`` is proportional to one over
    ``log(1 + exp(-epsilon))``. The ceiling of this design stands for the level. With delta it takes more.
    """
    if top < 0 or limit > _SANE:
        return None
    count = ceil(n * log1p(exp(-top)) / log1p(exp(-limit)))
    return count if count <= _MOST else None


def _to_hold(epsilon: Epsilon, limit: float) -> str:
    accounted = epsilon.accounted
    if epsilon.verdict == "violated":
        return "For it to hold: train another model; this one's claim is refuted."
    if accounted is None:
        return "For it to hold: claim the mechanism (noise, rate, steps), so it can be accounted."
    if accounted > limit:
        return (
            "For it to hold: train with more noise; the mechanism claimed for this model is accounted at "
            f"{accounted:.3g}."
        )
    power = "" if epsilon.power is None else f" (now {epsilon.power:.0%} to detect half the noise)"
    return (
        f"For it to hold: test the claim with more power{power}; the mechanism is accounted at "
        f"{accounted:.3g}, within the limit."
    )
