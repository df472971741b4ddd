"""``privaudit mia``: membership inference, the main job."""

from typing import Annotated

from privaudit.cli.claim_options import ClaimOptions
from privaudit.cli.flatten import Offer, flattened
from privaudit.cli.option_groups import AttackOptions, InputOptions, OutputOptions, RuntimeOptions
from privaudit.cli.reference_options import ReferenceOptions


@flattened
def command(
    inputs: InputOptions,
    attacks: AttackOptions,
    references: ReferenceOptions,
    claim: Annotated[ClaimOptions, Offer(without=("claim",))],
    output: Annotated[OutputOptions, Offer(without=("show_secrets",))],
    runtime: RuntimeOptions,
) -> int:
    """Membership inference on a trained text classifier: the main job.

    A bundle names its own training data: privaudit mia model.pt. Any other model needs --members and
    --nonmembers. With --fail-if the command is a CI gate.
    """
    from privaudit.audits.membership.plan import MembershipRequest
    from privaudit.cli.mia_run import run

    request = MembershipRequest(
        inputs=inputs.opened_from(runtime),
        attacks=attacks.ids,
        fail_if=attacks.limits.expressions,
        on_inconclusive=attacks.limits.when_inconclusive,
        accept_shift=inputs.accept_shift,
        show_texts=output.show_texts,
        claim=claim.typed(),
        references=references.request(),
        run=runtime.run(),
    )
    return run(request, output, dry_run=runtime.dry_run)
