"""Running a sweep over epsilon: train what is missing, attack it, and put practice beside theory."""

from privaudit import gate
from privaudit.audits.sweep.epsilon.bound import audit_canaries
from privaudit.audits.sweep.epsilon.describe import (
    CANARIES,
    describe_data,
    sentence_of,
    warnings_of,
    worst_verdict,
)
from privaudit.audits.sweep.epsilon.measure import (
    PooledCanaries,
    accuracies,
    mean_share,
    models_of,
    mount_attacks,
    pooled_canaries,
)
from privaudit.audits.sweep.epsilon.plan import EpsilonSweepPlan, PlannedEpsilon
from privaudit.audits.sweep.epsilon.trend import correlations
from privaudit.audits.sweep.shared import CombinedProgress, recipe_as_model
from privaudit.progress import SILENT, Progress
from privaudit.provenance import now, tool
from privaudit.results import Claim, EpsilonSweep, EpsilonSweepRow, NotRun, Result, nothing
from privaudit.stopwatch import NO_DEADLINE, Deadline, Stopwatch
from privaudit.training.private.claim import claim_of
from privaudit.training.references.engine import train_references
from privaudit.training.references.outputs import References
from privaudit.training.references.store import Store


def run_epsilon_sweep(
    plan: EpsilonSweepPlan, progress: Progress = SILENT, deadline: Deadline = NO_DEADLINE
) -> Result:
    """Train what the store lacks, mount the attacks, and put what they reach beside what epsilon allows.

    No single model is audited. In the result ``model`` is therefore the recipe without privacy, and ``data``
    counts the records, each of which is in about half of the models by its own coin.

    Raises:
        UsageError: a loss is not finite, or the store cannot be written.
        ModelError: a model gives logits that are not finite.
    """
    watch, request = Stopwatch(), plan.request
    rows = _run_all(plan, progress, deadline)
    not_run = [
        NotRun(attack=f"epsilon {row.epsilon:g}", reason=f"{row.reason}.", kind="epsilon")
        for row in rows
        if row.reason is not None
    ]
    violated = [row.bound for row in rows if row.bound is not None and row.bound.verdict == "violated"]
    return Result(
        tool=tool(),
        created=now(),
        command="sweep",
        model=recipe_as_model(request.data, request.recipe, plan.labels),
        data=describe_data(plan),
        not_run=tuple(not_run),
        epsilon_sweep=_side_by_side(plan, rows),
        # NOTE: a sweep measures, so too little power in a row does not fail a pipeline; a violation does.
        verdict=gate.judge([], comparable=None, not_run=not_run, epsilon=violated[0] if violated else None),
        provenance=request.run.provenance(watch, threads=1, device=request.device),
        warnings=tuple(warnings_of(plan)),
    )


def _run_all(plan: EpsilonSweepPlan, progress: Progress, deadline: Deadline) -> tuple[EpsilonSweepRow, ...]:
    request, combined = plan.request, CombinedProgress(progress)
    progress.start("training models", len(plan.epsilons) * request.models)
    rows: dict[float, EpsilonSweepRow] = {}
    ordinary: PooledCanaries | None = None
    # NOTE: without privacy first, because those canaries are the positive control of every other row.
    for planned in sorted(plan.epsilons, key=lambda planned: -planned.epsilon):
        watch = Stopwatch()
        references = train_references(
            planned.models,
            request.models,
            Store(request.store),
            request.backend,
            progress=combined,
            deadline=deadline.moment,
        )
        if len(references) < request.models:
            rows[planned.epsilon] = _unfinished(planned, plan, len(references), deadline, watch)
            continue
        row, canaries = _measure(planned, plan, references, ordinary, watch)
        rows[planned.epsilon] = row
        if planned.theory is None:
            ordinary = canaries
    return tuple(rows[planned.epsilon] for planned in plan.epsilons)


def _measure(
    planned: PlannedEpsilon,
    plan: EpsilonSweepPlan,
    references: References,
    ordinary: PooledCanaries | None,
    watch: Stopwatch,
) -> tuple[EpsilonSweepRow, PooledCanaries]:
    models, theory, claim = models_of(references, plan), planned.theory, _claim(planned, plan)
    outside, inside = accuracies(models, plan.n_records)
    canaries = pooled_canaries(models, plan)
    row = EpsilonSweepRow(
        epsilon=planned.epsilon,
        claim=claim,
        accounted=None if theory is None else theory.accounted,
        n_models=len(models),
        accuracy=mean_share(outside),
        accuracy_standard_deviation=float(outside.std(ddof=1)) if len(outside) > 1 else None,
        accuracy_members=mean_share(inside),
        attacks=mount_attacks(models, plan, None if theory is None else theory.roc),
        allowed=None if theory is None else theory.allowed,
        bound=audit_canaries(canaries, plan, claim, ordinary),
        seconds=watch.seconds,
    )
    return row, canaries


def _unfinished(
    planned: PlannedEpsilon, plan: EpsilonSweepPlan, n_models: int, deadline: Deadline, watch: Stopwatch
) -> EpsilonSweepRow:
    """An epsilon whose models are not all there: no number, because fewer models are another measurement."""
    request, theory = plan.request, planned.theory
    reason = (
        f"{n_models} of {request.models} models were ready when {deadline.ran_out}; "
        "they are kept for the next run"
    )
    return EpsilonSweepRow(
        epsilon=planned.epsilon,
        claim=_claim(planned, plan),
        accounted=None if theory is None else theory.accounted,
        n_models=n_models,
        accuracy=nothing(reason),
        accuracy_members=nothing(reason),
        allowed=None if theory is None else theory.allowed,
        seconds=watch.seconds,
        reason=reason,
    )


def _claim(planned: PlannedEpsilon, plan: EpsilonSweepPlan) -> Claim | None:
    privacy = planned.recipe.privacy
    if privacy is None:
        return None
    return claim_of(
        planned.recipe,
        n=len(plan.pool) // 2,
        steps=privacy.steps,
        delta=plan.delta,
        vocabulary=plan.request.vocabulary if planned.recipe.architecture != "hf" else "of the encoder",
        labels="the classes of the data, taken as public",
    )


def _side_by_side(plan: EpsilonSweepPlan, rows: tuple[EpsilonSweepRow, ...]) -> EpsilonSweep:
    request = plan.request
    return EpsilonSweep(
        delta=plan.delta,
        vocabulary=request.vocabulary if request.recipe.architecture != "hf" else "of the encoder",
        n_records=plan.n_records,
        n_canaries=plan.n_canaries,
        canaries=CANARIES,
        rows=rows,
        correlations=correlations(rows, request.run.seed),
        verdict=worst_verdict(rows),
        sentence=sentence_of(rows),
        parameters={"models": request.models, "seed": request.run.seed},
    )
