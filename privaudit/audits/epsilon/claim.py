"""What is claimed of a model, refused where no test of it would be valid."""

import math
from dataclasses import dataclass
from pathlib import Path

from privaudit.accounting.claim import claim_in, mechanism_of
from privaudit.accounting.mechanism import Mechanism
from privaudit.errors import UsageError
from privaudit.results import Claim
from privaudit.targets.claim_file import claim_content

DELTA = 1e-5
"""Of the lower bounds, where no claim names one."""
_ADD_OR_REMOVE = "add"
"""How every name of the adjacency that canaries have begins: with the canary, or without it."""


@dataclass(frozen=True)
class AuditedClaim:
    """The claim that is tested, or None, and the delta of all numbers."""

    claim: Claim | None
    delta: float

    @property
    def mechanism(self) -> Mechanism | None:
        """What the claim says was run; None if it names epsilon and delta alone."""
        return None if self.claim is None else mechanism_of(self.claim)


def audited_claim(given: Claim | None, recorded: Claim | None) -> AuditedClaim:
    """The claim that the user gave, else the one that the model's file holds.

    Raises:
        UsageError: the claim has an epsilon without a delta or nothing that could be tested, or is about the
            replacement of a record, where the canaries are added or removed.
    """
    claim = given or recorded
    if claim is None:
        return AuditedClaim(None, DELTA)
    if claim.epsilon is not None and claim.delta is None:
        raise UsageError(
            f"The claim states epsilon {claim.epsilon:g} without a delta, so it means nothing",
            "Give --claim-delta",
        )
    if claim.delta is not None and not 0 < claim.delta < 1:
        raise UsageError(f"The claimed delta {claim.delta:g} is not in (0, 1)", "Correct --claim-delta")
    adjacency = (claim.adjacency or "").lower()
    if adjacency and not adjacency.startswith(_ADD_OR_REMOVE):
        raise UsageError(
            f"The claim is for {claim.adjacency!r} adjacency, but a canary is added or removed",
            "Account the run for add-or-remove adjacency and claim that epsilon",
        )
    finite = claim.epsilon is not None and math.isfinite(claim.epsilon)
    if not finite and mechanism_of(claim) is None:
        raise UsageError(
            "The claim has neither an epsilon nor a complete mechanism, so it can't be tested",
            "Give --claim-epsilon and --claim-delta, or --claim-noise-multiplier, --claim-sample-rate and "
            "--claim-steps",
        )
    return AuditedClaim(claim, DELTA if claim.delta is None else claim.delta)


def read_claim(path: Path) -> Claim:
    """The claim in a file or training directory of another program, of which nothing is executed.

    Raises:
        DataError: it cannot be read, or holds no claim.
        UnsafeModelError: a checkpoint holds more than plain containers and tensors.
        ModelError: a checkpoint is damaged.
    """
    return claim_in(*claim_content(path))
