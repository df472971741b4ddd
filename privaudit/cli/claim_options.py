"""The privacy that a model is claimed to have, from a file or as typed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from privaudit.cli.flatten import group, option
from privaudit.errors import UsageError

if TYPE_CHECKING:
    from privaudit.results import Claim


@group
class ClaimOptions:
    """The privacy that the model is claimed to have."""

    section: ClassVar = "Claim"
    claim: Annotated[
        Path | None,
        option(
            "FILE",
            "Bundle, Opacus checkpoint or accountant state, JSON file, or training directory with the "
            "recorded claim.",
        ),
    ] = None
    claim_epsilon: Annotated[float | None, option("EPSILON", "Claimed epsilon.", min=0)] = None
    claim_delta: Annotated[float | None, option("DELTA", "Claimed delta.", min=0, max=1)] = None
    claim_noise_multiplier: Annotated[
        float | None, option("NOISE", "Claimed noise in units of the clip norm.", min=0)
    ] = None
    claim_sample_rate: Annotated[
        float | None, option("RATE", "Claimed Poisson sampling rate.", min=0, max=1)
    ] = None
    claim_steps: Annotated[int | None, option("N", "Claimed number of noisy steps.", min=1)] = None

    def typed(self) -> "Claim | None":
        """The claim of the numbers; None without any."""
        from privaudit.results import claim_from

        names = ("epsilon", "delta", "noise_multiplier", "sample_rate", "steps")
        return claim_from(**{name: getattr(self, f"claim_{name}") for name in names})

    def given(self) -> "Claim | None":
        """The claim of ``--claim`` or of the numbers; None without either.

        Raises:
            UsageError: both are given, or the file holds no claim.
        """
        typed = self.typed()
        if self.claim is None:
            return None if typed is None else typed.model_copy(update={"source": "typed"})
        if typed is not None:
            raise UsageError("--claim was given with --claim-… values", "Drop one of them")
        from privaudit.audits.epsilon.claim import read_claim

        return read_claim(self.claim)
