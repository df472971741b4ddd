"""Plan, run and show one extraction audit."""

from privaudit.audits.evidence_file import write_signals
from privaudit.audits.extraction import ExtractionPlan, ExtractionRequest, plan_extraction, run_extraction
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import deliver, require_outputs, say, tell
from privaudit.cli.progress import shown_progress
from privaudit.gate import exit_code


def run(request: ExtractionRequest, show: OutputOptions, *, dry_run: bool) -> int:
    """Run the audit and return the exit code; the result is written whatever the verdict."""
    require_outputs(show, show.signals, inputs=(*request.inputs.files, request.canaries))
    plan = plan_extraction(request)
    if dry_run:
        show_plan(plan)
        return 0
    with shown_progress(quiet=show.quiet, no_color=show.no_color) as progress:
        outcome = run_extraction(plan, progress, request.run.deadline())
    if show.signals is not None:
        write_signals(show.signals, outcome.signals, outcome.scores)
        say(f"Evidence: {show.signals} (names the planted canaries; mode 0600)", quiet=show.quiet)
    deliver(outcome.result, show)
    return exit_code(outcome.result.verdict, comparable=None)


def show_plan(plan: ExtractionPlan) -> None:
    """Print what would be done."""
    info = plan.opened.classifier.info
    tell(f"Model      {plan.request.inputs.model} ({info.format}, {info.architecture})")
    tell(f"Loaded by  {info.loader}")
    for asked in plan.groups:
        group, names = asked.group, ", ".join(attack.spec.id for attack in asked.attacks)
        n, planted = len(group.canaries), int(group.included.sum())
        ranked = "all fillings" if asked.pool.exact else "a sample of fillings"
        tell(
            f"Canaries   {n} ({planted} planted), {len(group.template.slots)} slots, "
            f"{_count(group.template.n_fillings)} fillings; ranked among {ranked}; attacks: {names}"
        )
        for attack in asked.attacks:
            cost = evaluations(plan, attack.spec.id, group.template.n_fillings, n)
            tell(f"Evaluates  {attack.spec.id}: {cost}")
    count = 0 if plan.controls is None else plan.controls.count
    tell(f"Controls   {count} clean models" + ("; stored ones are reused" if count else ""))
    for threshold in plan.thresholds:
        tell(f"Fail if    {threshold.expression}")


def evaluations(plan: ExtractionPlan, attack: str, n_fillings: int, n_canaries: int) -> str:
    """How many texts an attack will put through the model, in words."""
    if attack == "enumerate":
        return f"{n_fillings:,} texts, once for all"
    return f"at most {plan.request.settings.evaluations:,} texts for each of {n_canaries}"


def _count(number: int) -> str:
    return f"{number:,}" if number < 10**7 else f"{number:.3g}"
