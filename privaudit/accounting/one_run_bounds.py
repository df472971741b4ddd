"""The tests and lower bounds of a one-run audit: what its guesses refute, under which assumptions."""

from dataclasses import dataclass

from privaudit.accounting.curves import sparse_roc
from privaudit.accounting.family import epsilon_lower_bound as mechanism_lower_bound
from privaudit.accounting.hypothesis import Hypothesis
from privaudit.accounting.mechanism import Mechanism
from privaudit.accounting.one_run import ASSUMES
from privaudit.results import LowerBound
from privaudit.stats.bounds import mahloujifar, steinke
from privaudit.stats.bounds.guesses import Guesses
from privaudit.stats.bounds.search import largest_rejected
from privaudit.stats.tradeoff import epsilon_of_gaussian, group_epsilon_delta, mu_of_epsilon

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
