"""Plan, run and show one membership audit."""

from privaudit.audits.evidence_file import write_signals
from privaudit.audits.membership.cost import AuditCost, estimate
from privaudit.audits.membership.plan import MembershipPlan, MembershipRequest, plan_membership
from privaudit.audits.membership.run import run_membership
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import deliver, require_outputs, say, tell
from privaudit.cli.progress import shown_progress
from privaudit.gate import exit_code


def run(request: MembershipRequest, show: OutputOptions, *, dry_run: bool) -> int:
    """Run the audit and return the exit code; the result is written whatever the verdict."""
    require_outputs(show, show.signals, inputs=request.inputs.files)
    plan = plan_membership(request)
    if dry_run:
        show_plan(plan, estimate(plan.opened, plan.attacks))
        return 0
    with shown_progress(quiet=show.quiet, no_color=show.no_color) as progress:
        outcome = run_membership(plan, progress, request.run.deadline())
    if show.signals is not None:
        write_signals(show.signals, outcome.signals, outcome.scores)
        say(f"Evidence: {show.signals} (names the members of the training data; mode 0600)", quiet=show.quiet)
    deliver(outcome.result, show)
    return exit_code(outcome.result.verdict, comparable=outcome.comparable)


def show_plan(plan: MembershipPlan, cost: AuditCost) -> None:
    """Print what would be done."""
    opened, member = plan.opened, plan.opened.member
    tell(f"Model      {plan.request.inputs.model} ({opened.info.format}, {opened.info.architecture})")
    tell(f"Loaded by  {opened.info.loader}; access: {opened.access.value}")
    tell(f"Records    {int(member.sum()):,} members, {int((~member).sum()):,} non-members")
    tell(f"Attacks    {', '.join(attack.spec.id for attack in plan.attacks)}")
    if plan.references is not None:
        pool = "the audited records" if plan.references.plan.online else "the population"
        tell(f"References {plan.references.count} models, each on half of {pool}; stored ones are reused")
    for threshold in plan.thresholds:
        tell(f"Fail if    {threshold.expression}")
    tell(f"Inference  {cost.inferences:,} texts; backward passes: {cost.backward_passes:,}")
    tell(f"Memory     about {cost.memory_bytes / 2**20:,.0f} MiB for signals and scores, plus the model")
    if cost.seconds is not None:
        tell(f"Time       about {cost.seconds:,.0f} s for the model, from a probe of this machine")
