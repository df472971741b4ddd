"""Running a sweep: train what is missing, rank the secrets, and put the defences side by side."""

from collections.abc import Iterator, Sequence

from privaudit import gate
from privaudit.accounting.accountants import smallest_epsilon
from privaudit.accounting.mechanism import Mechanism
from privaudit.audits.sweep.defences.plan import PlannedDefence, SweepPlan
from privaudit.audits.sweep.defences.ranks import describe_defence, find_removal, rank_secrets, unfinished
from privaudit.audits.sweep.defences.variants import Variant
from privaudit.audits.sweep.shared import CombinedProgress, data_file, recipe_as_model
from privaudit.progress import SILENT, Progress
from privaudit.provenance import now, tool
from privaudit.results import Data, Duplicates, NotRun, Result, Sweep, SweepDefence, no_baseline
from privaudit.stopwatch import NO_DEADLINE, Deadline, Stopwatch
from privaudit.training.references.engine import train_references
from privaudit.training.references.store import Store


def run_sweep(plan: SweepPlan, progress: Progress = SILENT, deadline: Deadline = NO_DEADLINE) -> Result:
    """Train what the store lacks, rank the secrets, and put the defences side by side.

    No single model is audited. In the result ``model`` is therefore the recipe as given, with the classes of
    the models and a digest of recipe and data; ``data`` counts the records that every model was trained on as
    members and those that none saw as non-members. Nothing compares the two, so the blind baseline is
    undecided and does not gate.

    Raises:
        UsageError: a loss is not finite, or the store cannot be written.
        ModelError: a model gives logits that are not finite.
    """
    watch, request = Stopwatch(), plan.request
    progress.start("training models", plan.n_models)
    rows = tuple(
        _run_defence(planned, plan, deadline, CombinedProgress(progress)) for planned in plan.defences
    )
    not_run = [
        NotRun(attack=f"defence {row.defence}", reason=f"{row.reason}.", kind="extraction")
        for row in rows
        if not row.ranks
    ]
    return Result(
        tool=tool(),
        created=now(),
        command="sweep",
        model=recipe_as_model(request.data, request.recipe, plan.data.labels),
        data=_describe_data(plan),
        not_run=tuple(not_run),
        sweep=_side_by_side(plan, rows),
        verdict=gate.judge([], comparable=None, not_run=not_run),
        provenance=request.run.provenance(watch, threads=1, device=request.device),
        warnings=(*_warnings(plan), *_guarantees(rows, request.repetitions)),
    )


def _run_defence(
    planned: PlannedDefence, plan: SweepPlan, deadline: Deadline, progress: Progress
) -> SweepDefence:
    watch, request, store = Stopwatch(), plan.request, Store(plan.request.store)
    planted, clean = (
        train_references(part, count, store, request.backend, progress=progress, deadline=deadline.moment)
        for part, count in ((planned.planted, request.models), (planned.clean, request.controls))
    )
    if len(planted) < request.models or len(clean) < request.controls:
        reason = (
            f"{len(planted)} of {request.models} models and {len(clean)} of {request.controls} controls were "
            f"ready when {deadline.ran_out}; they are kept for the next run"
        )
        return unfinished(planned.variant, len(planted), len(clean), watch.seconds, reason)
    found = rank_secrets(planted.logits, clean.logits, plan.texts)
    row = describe_defence(planned.variant, found, plan.texts, watch.seconds)
    return row.model_copy(update=_privacy(planned.variant, request.repetitions))


def _privacy(variant: Variant, repetitions: int) -> dict[str, float]:
    """What a private variant keeps for one record, and for all copies of a secret together."""
    privacy = variant.recipe.privacy
    if privacy is None or variant.delta is None:
        return {}
    mechanism = Mechanism.uniform(privacy.noise_multiplier, privacy.sample_rate, privacy.steps)
    return {
        "epsilon": smallest_epsilon(mechanism, variant.delta),
        "delta": variant.delta,
        "group_epsilon": smallest_epsilon(mechanism.for_group(repetitions), variant.delta),
    }


def _side_by_side(plan: SweepPlan, rows: tuple[SweepDefence, ...]) -> Sweep:
    request, texts = plan.request, plan.texts
    combined = [row for row, p in zip(rows, plan.defences, strict=True) if p.variant.combines_all]
    return Sweep(
        pattern=request.canary.pattern.strip(),
        label=plan.data.labels[texts.label],
        own_label=request.canary.label == "own",
        repetitions=request.repetitions,
        candidates=plan.data.template.n_fillings,
        n_ranked=texts.n_ranked,
        rank_exact=texts.pool.exact,
        ceiling_bits=texts.ceiling,
        model_order_blind=_order_blind(plan),
        defences=rows,
        finding=find_removal(combined[0]) if combined else None,
    )


def _describe_data(plan: SweepPlan) -> Data:
    request, data = plan.request, plan.data
    reason = "members and non-members were split by recorded coins, and nothing compares them here"
    groups = None if data.pool.groups is None else {*data.pool.groups, *(data.holdout.groups or ())}
    return Data(
        source="coin-split",
        files=(data_file(request.data),),
        n_members=len(data.pool),
        n_nonmembers=len(data.holdout),
        n_groups=None if groups is None else len(groups),
        holdout=request.holdout,
        split_seed=request.run.seed,
        duplicates=Duplicates(exact_removed=data.duplicates_removed),
        blind_baseline=no_baseline(reason),
    )


def _order_blind(plan: SweepPlan) -> bool:
    return plan.request.recipe.architecture == "bow" and len(plan.data.template.slots) > 1


def _guarantees(rows: Sequence[SweepDefence], repetitions: int) -> Iterator[str]:
    for row in rows:
        if row.epsilon is not None and row.group_epsilon is not None:
            of_all = f", and {row.group_epsilon:.2f} for all {repetitions:,} copies of a secret together"
            yield (
                f"{row.defence}: epsilon {row.epsilon:.2f} at delta {row.delta:g} for one record"
                f"{of_all if repetitions > 1 else ''}. Noise follows from --seed: these models are for "
                "measuring, not for release."
            )


def _warnings(plan: SweepPlan) -> Iterator[str]:
    texts = plan.texts
    if _order_blind(plan):
        yield (
            "A bag of words cannot know the order of the slots' words: every order of the secret's ties "
            "with it, and ties count against the attacker."
        )
    if not texts.pool.exact:
        yield (
            f"Of {plan.data.template.n_fillings:.3g} fillings a sample of {texts.n_ranked - 1:,} was ranked: "
            f"exposure cannot exceed {texts.ceiling:.1f} bits, and exact matches are not measurable."
        )
    if plan.data.hashed_alike:
        yield (
            f"{plan.data.hashed_alike:,} words that a secret could have share their row of the hashed "
            "vocabulary with another one: no model can tell them apart, and ties count against the attacker."
        )
    if not plan.request.controls:
        yield "No clean control was trained: a high exposure may be what the class prefers anyway."
