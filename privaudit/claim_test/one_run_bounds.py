"""The tests and lower bounds of a one-run audit: what its guesses refute, under which assumptions."""

from dataclasses import dataclass

from privaudit.accounting.curves import sparse_roc
from privaudit.accounting.mechanism import Mechanism
from privaudit.claim_test.hypothesis import Hypothesis
from privaudit.claim_test.mechanism_bound import epsilon_lower_bound as mechanism_lower_bound
from privaudit.errors import UsageError
from privaudit.results import LowerBound
from privaudit.stats.bounds import mahloujifar, steinke
from privaudit.stats.bounds.guesses import Guesses
from privaudit.stats.bounds.search import largest_rejected
from privaudit.stats.tradeoff import epsilon_of_gaussian, group_epsilon_delta, mu_of_epsilon

_BOUNDS = {"steinke": steinke.epsilon_lower_bound, "mahloujifar": mahloujifar.epsilon_lower_bound}
_COINS = "an independent fair coin per canary, and guesses whose number was fixed before the scores were seen"
ASSUMES = {
    "steinke": f"{_COINS}; nothing of the mechanism",
    "mahloujifar": f"{_COINS}; a Gaussian trade-off curve",
    "mahloujifar-mechanism": f"{_COINS}; the configured mechanism with another noise multiplier",
}
"""What each bound rests on: it is never to be shown without."""

CONFIDENCE = 0.95
_MOST_EPSILON = 60.0


@dataclass(frozen=True)
class OneRun:
    """The guesses of one audit, and what they are held against."""

    hypothesis: Hypothesis
    guesses: Guesses

    @property
    def p_value(self) -> float | None:
        """Of the claim, by the one test; None without a claim."""
        if self.hypothesis.kind == "mechanism":
            return self.p_mechanism()
        return self.p_steinke() if self.hypothesis.kind == "epsilon-delta" else None

    def p_mechanism(self) -> float:
        """Of the curve of the configured mechanism."""
        inverse = mahloujifar.curve_inverse(self.hypothesis.roc("symmetric"))
        g = self.guesses
        return mahloujifar.p_value(g.canaries, g.total, g.correct, inverse)

    def p_gaussian(self) -> float:
        """Of the Gaussian curve through the claimed or accounted epsilon."""
        h, g = self.hypothesis, self.guesses
        inverse = mahloujifar.gaussian_inverse(h.group * mu_of_epsilon(_known(h.epsilon), h.delta))
        return mahloujifar.p_value(g.canaries, g.total, g.correct, inverse)

    def p_steinke(self, epsilon: float | None = None) -> float:
        """Of an epsilon of one record, the claimed or accounted one by default."""
        h, g = self.hypothesis, self.guesses
        of_group = group_epsilon_delta(_known(h.epsilon) if epsilon is None else epsilon, h.delta, h.group)
        return steinke.p_value(g.canaries, g.total, g.correct, *of_group)


def lower_bounds(run: OneRun) -> tuple[LowerBound, ...]:
    """All bounds with what each assumes; epsilon is that of one record."""
    ideal = OneRun(run.hypothesis, Guesses(run.guesses.canaries, run.guesses.total, run.guesses.total))
    kind = run.hypothesis.kind
    found = [
        LowerBound(
            method="steinke",
            value=_steinke(run),
            ceiling=_steinke(ideal),
            confidence=CONFIDENCE,
            assumes=ASSUMES["steinke"],
            p_value=None if kind is None else run.p_steinke(),
            primary=kind == "epsilon-delta",
        ),
        LowerBound(
            method="mahloujifar-gaussian",
            value=_gaussian(run),
            ceiling=_gaussian(ideal),
            confidence=CONFIDENCE,
            assumes=ASSUMES["mahloujifar"],
            p_value=None if kind is None else run.p_gaussian(),
        ),
    ]
    if run.hypothesis.of_group is not None:
        found.append(
            LowerBound(
                method="mahloujifar-mechanism",
                value=_mechanism(run, run.hypothesis.of_group),
                ceiling=_mechanism(ideal, run.hypothesis.of_group),
                confidence=CONFIDENCE,
                assumes=ASSUMES["mahloujifar-mechanism"],
                p_value=run.p_mechanism(),
                primary=True,
            )
        )
    return tuple(found)


def _steinke(run: OneRun) -> float:
    if run.hypothesis.group == 1:
        g = run.guesses
        return steinke.epsilon_lower_bound(g.canaries, g.total, g.correct, run.hypothesis.delta, CONFIDENCE)
    return largest_rejected(lambda epsilon: run.p_steinke(epsilon) <= 1 - CONFIDENCE, _MOST_EPSILON, 1e-6)


def _mu_bound(run: OneRun) -> float:
    g = run.guesses
    return mahloujifar.mu_lower_bound(g.canaries, g.total, g.correct, CONFIDENCE)


def _gaussian(run: OneRun) -> float:
    mu = _mu_bound(run) / run.hypothesis.group
    return epsilon_of_gaussian(mu, run.hypothesis.delta) if mu > 0 else 0.0


def _mechanism(run: OneRun, mechanism: Mechanism) -> float:
    g = run.guesses

    def rejected(other: Mechanism) -> bool:
        inverse = mahloujifar.curve_inverse(sparse_roc(other, "symmetric", coarse=True))
        return mahloujifar.rejects(g.canaries, g.total, g.correct, inverse, 1 - CONFIDENCE)

    return mechanism_lower_bound(mechanism, run.hypothesis.delta, rejected, _mu_bound(run))


def _known(epsilon: float | None) -> float:
    if epsilon is None:
        raise ValueError("without a claim there is nothing to test")
    return epsilon


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
        raise UsageError(f"Unknown method {method!r}", f"Use --method {' or '.join(_BOUNDS)}")
    if not 1 <= guesses <= canaries:
        raise UsageError(
            f"--guesses {guesses} is not between 1 and the number of canaries, {canaries}",
            "Correct --guesses",
        )
    if not 0 <= correct <= guesses:
        raise UsageError(
            f"--correct {correct} is not between 0 and the number of guesses, {guesses}", "Correct --correct"
        )
    if not 0 <= delta < 1 or (delta == 0 and method == "mahloujifar"):
        raise UsageError(f"--delta {delta} is not in (0, 1)", "Give for example 1e-5")
    if not 0 < confidence < 1:
        raise UsageError(f"--confidence {confidence} is not in (0, 1)", "Give for example 0.95")
    return _BOUNDS[method](canaries, guesses, correct, delta, confidence)
