"""Plan, run and show one sweep."""

from collections.abc import Callable

from privaudit.audits.sweep.defences import SweepPlan, SweepRequest, plan_sweep, run_sweep
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import deliver, require_outputs, tell
from privaudit.cli.progress import shown_progress
from privaudit.gate import exit_code
from privaudit.progress import Progress
from privaudit.results import Result
from privaudit.training.references.planted_cost import estimate_cost
from privaudit.training.references.store import Store


def run(request: SweepRequest, show: OutputOptions, *, dry_run: bool) -> int:
    """Run the sweep and return the exit code; the result is written whatever it says."""
    require_outputs(show, inputs=(request.data,))
    plan = plan_sweep(request)
    if dry_run:
        show_plan(plan)
        return 0
    return finish(lambda progress: run_sweep(plan, progress, request.run.deadline()), show)


def finish(work: Callable[[Progress], Result], show: OutputOptions) -> int:
    """Do the work, deliver its result whatever it says, and return the exit code."""
    with shown_progress(quiet=show.quiet, no_color=show.no_color) as progress:
        result = work(progress)
    deliver(result, show)
    return exit_code(result.verdict, comparable=None)


def show_plan(plan: SweepPlan) -> None:
    """Print what would be done, and what it would cost."""
    request, data, texts = plan.request, plan.data, plan.texts
    label = "a class of its own" if request.canary.label == "own" else f"class {data.labels[data.label]}"
    ranked = "all" if texts.pool.exact else f"a sample of {texts.n_ranked - 1:,}"
    tell(f"Records    {len(data.pool):,} trained on, {len(data.holdout):,} held out for the accuracy")
    tell(f"Canary     {request.canary.pattern.strip()!r}, {request.repetitions:,} copies under {label}")
    tell(f"Fillings   {data.template.n_fillings:.6g}, {ranked} ranked; at most {texts.ceiling:.1f} bits")
    tell(f"Models     {request.models} planted and {request.controls} clean per defence")
    total: float | None = 0.0
    store = Store(request.store)
    for planned in plan.defences:
        parts = [(planned.planted, request.models), (planned.clean, request.controls)]
        cost = estimate_cost(parts, store)
        tell(f"Defence    {planned.variant.name}: {cost}")
        total = None if total is None or cost.seconds is None else total + cost.seconds
    if total is not None:
        tell(f"Time       at most about {total:,.0f} s of one core, from a probe of this machine")
