"""What luck alone explains: guessed secrets, and the most exposed of several.

A secret that no model saw is drawn uniformly from its candidates, whatever the attacker does. So the number
of right answers on a clean model has a known distribution, and the best of M ranks is no better than M draws
allow. Plain arithmetic, because the gate must start without numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum


@dataclass(frozen=True)
class Guessing:
    """Planted secrets that share one list of candidates, none of which is an answer for another."""

    secrets: int
    """M distinct secrets, 1 or more."""
    candidates: int
    """N fillings, the secrets among them; M or more."""
    best_first: bool
    """Whether each answer is the best candidate by one score that does not know the secrets, as an exhaustive
    search gives it. Otherwise nothing is assumed about how answers depend on each other."""

    def __post_init__(self) -> None:
        if not 1 <= self.secrets <= self.candidates:
            raise ValueError("there are as many candidates as secrets, or more")

    @property
    def expected(self) -> float:
        """Right answers by luck, on average: every secret is one of ``N - M + 1`` that are left."""
        return self.secrets / (self.candidates - self.secrets + 1)


def hits_by_chance(groups: Sequence[Guessing], hits: int) -> float:
    """p-value of ``hits`` right answers or more on a model that kept nothing.

    Where a group's answers are the best candidates, the M secrets are a random subset of N ranked candidates,
    and h answers are right exactly when the h best candidates are secrets: a negative hypergeometric count,
    not a binomial one, because all answers are compared with the same other candidates. Groups are
    independent, so their counts add. If any group's answers are of another kind, Markov's inequality on the
    expected number holds whatever the dependence.

    Args:
        groups: every group that was asked.
        hits: right answers over all groups, 0 or more.

    Returns:
        In (0, 1]; an upper limit where Markov's inequality was used.
    """
    if hits <= 0:
        return 1.0
    if not all(group.best_first for group in groups):
        return min(1.0, fsum(group.expected for group in groups) / hits)
    counts = [1.0]
    for group in groups:
        counts = _sums(counts, _best_first(group))
    return min(1.0, fsum(counts[hits:]))


def _best_first(group: Guessing) -> list[float]:
    """Probabilities of 0 … M right answers."""
    at_least = [1.0]
    for placed in range(group.secrets):
        at_least.append(at_least[-1] * (group.secrets - placed) / (group.candidates - placed))
    return [more - fewer for more, fewer in zip(at_least, [*at_least[1:], 0.0], strict=True)]


def _sums(left: list[float], right: list[float]) -> list[float]:
    """Distribution of the sum of two independent counts."""
    found = [0.0] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            found[i + j] += a * b
    return found


def best_of(p_value: float, tries: int) -> float:
    """p-value of the smallest of ``tries`` p-values, whatever their dependence (Bonferroni).

    Args:
        p_value: the smallest, in (0, 1].
        tries: 1 or more.
    """
    return min(1.0, p_value * tries)
