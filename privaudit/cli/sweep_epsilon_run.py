"""Plan, run and show one sweep over epsilon."""

from privaudit.audits.sweep.epsilon import (
    EpsilonSweepPlan,
    EpsilonSweepRequest,
    PlannedEpsilon,
    estimate_cost,
    plan_epsilon_sweep,
    run_epsilon_sweep,
)
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.output import require_outputs, tell
from privaudit.cli.sweep_run import finish


def run(request: EpsilonSweepRequest, show: OutputOptions, *, dry_run: bool) -> int:
    """Run the sweep and return the exit code; the result is written whatever it says."""
    require_outputs(show, inputs=(request.data,))
    plan = plan_epsilon_sweep(request)
    if dry_run:
        show_plan(plan)
        return 0
    return finish(lambda progress: run_epsilon_sweep(plan, progress, request.run.deadline()), show)


def show_plan(plan: EpsilonSweepPlan) -> None:
    """Print what would be done, and what it would cost."""
    request = plan.request
    tell(f"Records    {plan.n_records:,}, each in about half of the models by its own coin")
    tell(f"Canaries   {plan.n_canaries:,}, likewise; {plan.n_canaries * request.models:,} coins per epsilon")
    tell(f"Guarantee  add or remove one record, delta {plan.delta:g}, vocabulary {request.vocabulary}")
    costs = [estimate_cost(planned, plan) for planned in plan.epsilons]
    for planned, cost in zip(plan.epsilons, costs, strict=True):
        tell(f"Epsilon    {planned.epsilon:g}: {_mechanism(planned)}; {cost}")
    seconds = [cost.seconds for cost in costs if cost.seconds is not None]
    if len(seconds) == len(costs):
        tell(f"Time       about {sum(seconds):,.0f} s of one core, from a probe of this machine")


def _mechanism(planned: PlannedEpsilon) -> str:
    privacy = planned.recipe.privacy
    if privacy is None:
        return "no noise"
    rate, noise = privacy.sample_rate, privacy.noise_multiplier
    return f"noise {noise:.4g}, sample rate {rate:.4g}, {privacy.steps:,} steps"
