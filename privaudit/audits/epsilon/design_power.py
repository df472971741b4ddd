"""What a design can show at best, known before any score is seen: how many guesses, and the least p-value."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from privaudit.claim_test.hypothesis import Hypothesis
from privaudit.claim_test.many_run_audit import rank_outcome
from privaudit.claim_test.one_run_audit import OneRun
from privaudit.claim_test.verdict import VIOLATED
from privaudit.data.canaries.plant import MOST_CANARIES
from privaudit.stats.bounds.guesses import Guesses, guesses_of_each
from privaudit.stats.bounds.rank_test import DRAWS

_ERRS = 0.02
"""Share of wrong guesses of an attack that is good, though not perfect."""
_WIDEN = 1.5


@dataclass(frozen=True)
class DesignPower:
    """The test that is declared, and what it comes to if every guess is right."""

    guesses: int | None
    """Of one run."""
    best_p: float | None
    """None without a claim."""

    @property
    def suffices(self) -> bool:
        """Whether a perfect attack would be found out."""
        return self.best_p is None or self.best_p < VIOLATED


def one_run_power(hypothesis: Hypothesis, m: int) -> DesignPower:
    """The number of guesses for m canaries, by a rule that reads the claim and m alone.

    ``4 sqrt(m)``. Where the claim allows even a good attack that many right guesses (a large epsilon does),
    the fewest, in steps of a half more, with which an attack that errs in one guess of fifty is found out;
    failing that, the fewest with which one that never errs is.

    Args:
        hypothesis: what is tested.
        m: canaries.
    """
    first = guesses_of_each(m)
    if hypothesis.kind is None:
        return DesignPower(2 * first, None)
    each = [first]
    while each[-1] < m // 2:
        each.append(min(m // 2, ceil(_WIDEN * each[-1])))
    good = (n for n in each if _p(hypothesis, m, n, max(1, ceil(2 * n * _ERRS))) < VIOLATED)
    perfect = (n for n in each if _p(hypothesis, m, n, 0) < VIOLATED)
    chosen = next(good, None) or next(perfect, None) or first
    return DesignPower(2 * chosen, _p(hypothesis, m, chosen, 0))


def canaries_needed(hypothesis: Hypothesis, m: int) -> int | None:
    """More than m canaries with which a perfect attack would be found out; None if no number is."""
    while m < MOST_CANARIES:
        m = min(MOST_CANARIES, ceil(1.25 * m))
        if one_run_power(hypothesis, m).suffices:
            return m
    return None


def many_runs_power(hypothesis: Hypothesis, runs: int, seed: int) -> DesignPower:
    """The p-value if all runs with the canary score above all others, and half of them have it."""
    included = np.arange(runs) >= runs // 2
    found = rank_outcome(hypothesis, np.arange(runs, dtype=np.float64), included, seed, DRAWS)
    return DesignPower(None, None if found is None else found.p_value)


def _p(hypothesis: Hypothesis, m: int, each: int, wrong: int) -> float:
    p_value = OneRun(hypothesis, Guesses(m, 2 * each, 2 * each - wrong)).p_value
    return 1.0 if p_value is None else p_value
