"""The verdict itself: coins must not be violated, a mechanism that reveals all must be."""

from collections.abc import Iterator

import numpy as np

from privaudit.claim_test.hypothesis import hypothesis_of
from privaudit.claim_test.many_run_audit import rank_outcome
from privaudit.claim_test.one_run_audit import OneRun
from privaudit.claim_test.verdict import VIOLATED
from privaudit.results import Claim
from privaudit.selftest.check import Check
from privaudit.stats.bounds.guesses import guess, guesses_of_each

_N = 1000
_CLAIM = Claim(noise_multiplier=1.0, sample_rate=0.01, steps=1000, delta=1e-5)


def control_checks(draws: int, rng: np.random.Generator) -> Iterator[Check]:
    """p-values of the two declared tests for scores that reveal nothing, and for scores that reveal all.

    Args:
        draws: of the rank test's null.
        rng: draws coins and scores.
    """
    hypothesis = hypothesis_of(_CLAIM, None, 1)
    coins = rng.random(_N) < 0.5
    noise = rng.normal(size=_N)
    for scores, name in ((noise, "negative"), (noise + 20.0 * coins, "positive")):
        guesses = guess(scores, coins, guesses_of_each(_N), rng)
        outcome = rank_outcome(hypothesis, scores, coins, 0, draws)
        found = {
            "one run": OneRun(hypothesis, guesses).p_mechanism(),
            "many runs": np.nan if outcome is None else outcome.p_value,
        }
        for design, p_value in found.items():
            label = f"p-value of the {name} control, {design}"
            if name == "negative":
                yield Check("controls", label, p_value, VIOLATED, "at least")
            else:
                # NOTE: violated is below the limit, not at it.
                yield Check("controls", label, p_value, float(np.nextafter(VIOLATED, 0)), "at most")
