"""Lower bounds on epsilon from one training run, by the name of their method."""

from privaudit.errors import UsageError
from privaudit.stats.bounds import mahloujifar, steinke

_BOUNDS = {"steinke": steinke.epsilon_lower_bound, "mahloujifar": mahloujifar.epsilon_lower_bound}
_COINS = "an independent fair coin per canary, and guesses whose number was fixed before the scores were seen"
ASSUMES = {
    "steinke": f"{_COINS}; nothing of the mechanism",
    "mahloujifar": f"{_COINS}; a Gaussian trade-off curve",
    "mahloujifar-mechanism": f"{_COINS}; the configured mechanism with another noise multiplier",
}
"""What each bound rests on: it is never to be shown without."""


def one_run_bound(
    method: str, canaries: int, guesses: int, correct: int, delta: float, confidence: float
) -> float:
    """The epsilon that ``correct`` right guesses out of ``guesses`` refute.

    Args:
        method: ``steinke`` or ``mahloujifar``.
        canaries: m, those without a guess included.
        guesses: r, in 1 … m.
        correct: v, in 0 … r.
        delta: in [0, 1), for ``mahloujifar`` above 0.
        confidence: in (0, 1).

    Raises:
        UsageError: a value is impossible.
    """
    if method not in _BOUNDS:
        raise UsageError(f"a method out of {', '.join(_BOUNDS)}", repr(method), "Correct --method")
    if not 1 <= guesses <= canaries:
        raise UsageError("1 to as many guesses as canaries", f"{guesses} of {canaries}", "Correct --guesses")
    if not 0 <= correct <= guesses:
        raise UsageError("0 to as many right guesses as guesses", f"{correct}", "Correct --correct")
    if not 0 <= delta < 1 or (delta == 0 and method == "mahloujifar"):
        raise UsageError("a delta in (0, 1)", f"{delta}", "Give for example 1e-5")
    if not 0 < confidence < 1:
        raise UsageError("a confidence in (0, 1)", f"{confidence}", "Give for example 0.95")
    return _BOUNDS[method](canaries, guesses, correct, delta, confidence)
