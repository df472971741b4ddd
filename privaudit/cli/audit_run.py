"""Plan, run and show one whole audit."""

from pathlib import Path

from privaudit.audits.epsilon.checks import power_check
from privaudit.audits.epsilon.plan import EpsilonPlan, OneRunDesign, Positive
from privaudit.audits.evidence_file import write_signals
from privaudit.audits.full import PARTS, AuditPlan, AuditRequest, Part, plan_audit, run_audit
from privaudit.audits.membership.cost import estimate
from privaudit.cli import extract_run, mia_run
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import deliver, require_outputs, say, tell
from privaudit.cli.progress import shown_progress
from privaudit.gate import exit_code
from privaudit.results import Claim
from privaudit.training.references.planted_cost import estimate_cost
from privaudit.training.references.store import Store


def run(request: AuditRequest, show: OutputOptions, *, dry_run: bool) -> int:
    """Run the audit and return the exit code; the result is written whatever the verdict."""
    places = {} if show.signals is None else {part: evidence_file(show.signals, part) for part in PARTS}
    require_outputs(show, *places.values(), inputs=_inputs(request))
    plan = plan_audit(request)
    if dry_run:
        show_plan(plan)
        return 0
    with shown_progress(quiet=show.quiet, no_color=show.no_color) as progress:
        outcome = run_audit(plan, progress, request.run.deadline())
    for part, (found, scores) in outcome.evidence.items():
        if part in places:
            write_signals(places[part], found, scores)
            say(f"Evidence: {places[part]} (names who is in; mode 0600)", quiet=show.quiet)
    deliver(outcome.result, show)
    return exit_code(outcome.result.verdict, comparable=outcome.comparable)


def _inputs(request: AuditRequest) -> tuple[Path | None, ...]:
    extraction = request.extraction
    return (*request.membership.inputs.files, None if extraction is None else extraction.canaries)


def evidence_file(signals: Path, part: Part) -> Path:
    """Where the evidence of one part goes: ``evidence.npz`` becomes ``evidence.epsilon.npz``."""
    return signals.with_name(f"{signals.stem}.{part}{signals.suffix}")


def show_plan(plan: AuditPlan) -> None:
    """Print what would be done, part by part."""
    if plan.membership is not None:
        tell("MEMBERSHIP")
        mia_run.show_plan(plan.membership, estimate(plan.membership.opened, plan.membership.attacks))
    if plan.extraction is not None:
        tell("EXTRACTION")
        extract_run.show_plan(plan.extraction)
    if plan.epsilon is not None:
        tell("EPSILON")
        show_epsilon_plan(plan.epsilon)


def show_epsilon_plan(plan: EpsilonPlan) -> None:
    """Print the claim, the design, and what its models cost."""
    claim, design = plan.tested.claim, plan.design
    tell(f"Claim      {'none' if claim is None else _claim(claim)}; bounds at delta {plan.tested.delta:g}")
    if isinstance(design, OneRunDesign):
        canaries = design.canaries
        n_in = int(canaries.included.sum())
        tell(
            f"Design     one run: {len(canaries):,} canaries, {n_in:,} in by their coins, copies of each: "
            f"{canaries.repetitions:,}"
        )
    else:
        cost = estimate_cost([(design.models, design.count)], Store(plan.request.store))
        tell(f"Design     many runs: one canary, {design.count:,} models with a coin each")
        tell(f"Training   {cost}")
    guesses = "" if plan.power.guesses is None else f"{plan.power.guesses:,} guesses, fixed now; "
    tell(f"Test       {guesses}{power_check(plan).text}")
    tell(f"Bounds     {', '.join(plan.bounds)}")
    _show_positive(plan, design.positive)
    for threshold in plan.thresholds:
        tell(f"Fail if    {threshold.expression}")


def _show_positive(plan: EpsilonPlan, positive: Positive) -> None:
    if positive.plan is None:
        tell(f"Control    none: {positive.reason}")
        return
    cost = estimate_cost([(positive.plan, positive.count)], Store(plan.request.store))
    tell(f"Control    without privacy: {cost}")


def _claim(claim: Claim) -> str:
    parts = {
        "epsilon": claim.epsilon,
        "delta": claim.delta,
        "noise multiplier": claim.noise_multiplier,
        "sample rate": claim.sample_rate,
        "steps": claim.steps,
    }
    return ", ".join(f"{name} {value:g}" for name, value in parts.items() if value is not None)
