"""What an audit tests: the configured mechanism, or where none is named the claimed (epsilon, delta).

A canary in R copies tests what the guarantee of one record says about a group of R: every
number of the result is still about one record.
"""

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Literal

from privaudit.accounting.accountants import smallest_epsilon
from privaudit.accounting.claim import mechanism_of
from privaudit.accounting.curves import Direction, last_iterate_roc, sparse_roc
from privaudit.accounting.mechanism import Mechanism
from privaudit.errors import UsageError
from privaudit.results import Claim
from privaudit.stats.tradeoff import RocCurve, group_epsilon_delta, roc_epsilon_delta

Seen = Literal["every-step", "final-model"]
"""What the attack sees of the training."""
HALF = 0.5
"""The noise of the bug against which power is stated."""
UNDERSTATED = 1.01
"""A claim whose epsilon is exceeded by more than this factor contradicts itself."""


@dataclass(frozen=True)
class Hypothesis:
    """The claim as a statement that scores can refute."""

    delta: float
    group: int
    """Copies of each canary."""
    mechanism: Mechanism | None
    """Of one record."""
    claimed: float | None
    """Epsilon at ``delta`` as the claim has it; None if it claims none, or an infinite one."""

    @property
    def kind(self) -> Literal["mechanism", "epsilon-delta"] | None:
        """What is tested; None without a claim."""
        if self.mechanism is not None:
            return "mechanism"
        return None if self.claimed is None else "epsilon-delta"

    @property
    def of_group(self) -> Mechanism | None:
        """The mechanism of all copies of a canary together."""
        return None if self.mechanism is None else self.mechanism.for_group(self.group)

    @cached_property
    def accounted(self) -> float | None:
        """Epsilon at ``delta`` of the mechanism: the smallest bound that is proven."""
        return None if self.mechanism is None else smallest_epsilon(self.mechanism, self.delta)

    @property
    def epsilon(self) -> float | None:
        """The claimed one, else the accounted one."""
        return self.accounted if self.claimed is None else self.claimed

    @property
    def understated(self) -> bool:
        """Whether the claimed epsilon is below what the claimed mechanism gives."""
        if self.claimed is None or self.accounted is None:
            return False
        return self.accounted > UNDERSTATED * self.claimed

    def roc(self, direction: Direction) -> RocCurve:
        """The largest ROC that the hypothesis allows for a canary with all its copies.

        Raises:
            ValueError: there is no claim.
        """
        if self.of_group is not None:
            return sparse_roc(self.of_group, direction)
        if self.claimed is None:
            raise ValueError("without a claim there is nothing to test")
        return self.region(self.claimed)

    def halved(self, seen: Seen) -> RocCurve | None:
        """The ROC of an ideal attack on the mechanism with half the noise; None if no mechanism is named.

        Args:
            seen: what the attack sees. For the final model it is the last-iterate heuristic: what an ideal
                attack may be expected to reach, not a limit. Where noise or rate change it is not defined,
                and the curve for every step stands in.
        """
        group = self.of_group
        if group is None:
            return None
        halved = group.with_noise(HALF)
        if seen == "final-model" and len(group.phases) == 1:
            return last_iterate_roc(halved)
        return sparse_roc(halved, "remove", coarse=True)

    def region(self, epsilon: float) -> RocCurve:
        """What (epsilon, delta) of one record allows for a canary with all its copies."""
        return roc_epsilon_delta(*group_epsilon_delta(epsilon, self.delta, self.group))


def hypothesis_of(claim: Claim | None, delta: float | None, group: int) -> Hypothesis:
    """What a claim says, at a delta.

    Args:
        claim: None if nothing is claimed.
        delta: that of the claim when None.
        group: copies of each canary, 1 or more.

    Raises:
        UsageError: there is no delta or an impossible one, the claim states its epsilon at another, or there
            is no copy.
    """
    stated = None if claim is None else claim.delta
    chosen = delta if delta is not None else stated
    if chosen is None or not 0 < chosen < 1:
        raise UsageError(
            "No delta was given" if chosen is None else f"Delta {chosen:g} is not in (0, 1)",
            "Give for example 1e-5",
        )
    if group < 1:
        raise UsageError(f"A canary has {group} copies, not 1 or more", "Correct the number of copies")
    epsilon = None if claim is None or claim.epsilon == inf else claim.epsilon
    if epsilon is not None and stated is not None and chosen != stated:
        raise UsageError(f"Delta {chosen:g} is not the delta of the claim, {stated:g}", "Leave --delta out")
    return Hypothesis(chosen, group, mechanism_of(claim), epsilon)
