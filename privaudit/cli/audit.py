"""``privaudit audit``: membership, extraction and the test of a claimed epsilon, in one result."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from privaudit.cli.claim_options import ClaimOptions
from privaudit.cli.flatten import Offer, flattened, group, option
from privaudit.cli.option_groups import (
    ATTACKS,
    CANARIES,
    AttackOptions,
    InputOptions,
    OutputOptions,
    RuntimeOptions,
)
from privaudit.cli.reference_options import ControlOptions, ReferenceOptions

if TYPE_CHECKING:
    from privaudit.audits.epsilon import EpsilonRequest
    from privaudit.audits.extraction import ExtractionRequest
    from privaudit.audits.inputs import Inputs
    from privaudit.audits.run_options import RunOptions
    from privaudit.results import Claim


class AuditPart(StrEnum):
    """What an audit consists of."""

    # NOTE: Typer takes no list of literals.
    MEMBERSHIP = "membership"
    EXTRACTION = "extraction"
    EPSILON = "epsilon"


@group
class PartOptions:
    """What is run."""

    section: ClassVar = ATTACKS
    part: Annotated[
        list[AuditPart] | None,
        option(
            "PART",
            "membership, extraction or epsilon; repeatable. Default: membership, and what --canaries and "
            "--runs make possible.",
        ),
    ] = None
    attacks: Annotated[
        AttackOptions, Offer(helps={"attack": "Membership attack, repeatable; all = every one."})
    ]
    extraction_attack: Annotated[
        list[str] | None, option("ID", "Extraction attack, repeatable; see `privaudit extract --help`.")
    ] = None


@group
class CanaryTestOptions:
    """What extraction and the test of epsilon plant or planted."""

    section: ClassVar = CANARIES
    canaries: Annotated[
        Path | None,
        option(
            "FILE", "Manifest of `privaudit canary plant`: with coins for epsilon, without for extraction."
        ),
    ] = None
    clean: Annotated[ControlOptions, Offer(section=CANARIES)]
    runs: Annotated[
        int | None, option("N", "Train N models and test epsilon across them, one canary and one coin each.")
    ] = None
    canary_text: Annotated[
        str | None, option("WORDS", "Canary of --runs; default: a word that no record contains, repeated.")
    ] = None
    canary_label: Annotated[str | None, option("CLASS", "Class of that canary; default: a random one.")] = (
        None
    )
    threshold: Annotated[
        float | None,
        option(
            "SCORE",
            "With --runs: guess that the canary was in from this score on, for the Clopper-Pearson bound; "
            "choose it before you see any score.",
        ),
    ] = None
    control_runs: Annotated[
        int | None,
        option(
            "N",
            "Models without privacy, which the test must expose; 0 = none. Default: 1, or with --runs as "
            "many, up to 100.",
            min=0,
        ),
    ] = None

    def extraction(
        self,
        opened: "Inputs",
        references: ReferenceOptions,
        **more: Any,  # noqa: ANN401
    ) -> "ExtractionRequest | None":
        """The request for extraction; None without a manifest."""
        if self.canaries is None:
            return None
        from privaudit.audits.extraction import ExtractionRequest

        return ExtractionRequest(
            inputs=opened,
            canaries=self.canaries,
            controls=self.clean.request(references),
            **more,
        )

    def epsilon(
        self, opened: "Inputs", claim: "Claim | None", references: ReferenceOptions, run: "RunOptions"
    ) -> "EpsilonRequest":
        """The request for the test of epsilon."""
        from privaudit.audits.epsilon import EpsilonRequest
        from privaudit.audits.epsilon.recipes import CanarySpec

        return EpsilonRequest(
            inputs=opened,
            store=references.root(),
            backend=references.backend(),
            canaries=self.canaries,
            runs=self.runs,
            canary_spec=CanarySpec(self.canary_text, self.canary_label),
            claim=claim,
            control_runs=self.control_runs,
            threshold=self.threshold,
            run=run,
        )


@flattened
def command(
    inputs: InputOptions,
    parts: PartOptions,
    canaries: CanaryTestOptions,
    claim: ClaimOptions,
    references: Annotated[ReferenceOptions, Offer(without=("reference_mode",))],
    output: Annotated[
        OutputOptions,
        Offer(
            helps={
                "signals": "Write the evidence of each part: FILE.npz gives FILE.membership.npz, and so on."
            }
        ),
    ],
    runtime: RuntimeOptions,
) -> int:
    """Everything at once: membership, extraction, and whether attacks contradict the claimed epsilon.

    For epsilon: privaudit canary plant DATA --include coin, privaudit train PLANTED --canaries MANIFEST, then
    privaudit audit model.pt --canaries MANIFEST. Or --runs N, which trains N models and needs no planting.
    """
    from privaudit.audits.full import AuditRequest
    from privaudit.audits.membership.plan import MembershipRequest
    from privaudit.cli.audit_run import run

    opened, claimed, run_options = inputs.opened_from(runtime), claim.given(), runtime.run()
    request = AuditRequest(
        membership=MembershipRequest(
            inputs=opened,
            attacks=parts.attacks.ids,
            accept_shift=inputs.accept_shift,
            show_texts=output.show_texts,
            claim=claimed,
            references=references.request(),
            run=run_options,
        ),
        extraction=canaries.extraction(
            opened,
            references,
            attacks=tuple(parts.extraction_attack or ()),
            show_secrets=output.show_secrets,
            run=run_options,
        ),
        epsilon=canaries.epsilon(opened, claimed, references, run_options),
        parts=tuple(dict.fromkeys(part.value for part in parts.part or ())),
        fail_if=parts.attacks.limits.expressions,
        on_inconclusive=parts.attacks.limits.when_inconclusive,
        run=run_options,
    )
    return run(request, output, dry_run=runtime.dry_run)
