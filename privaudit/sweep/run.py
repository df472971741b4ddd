"""Running a sweep: train what is missing, rank the secrets, and put the defences side by side."""

import hashlib
import json
from collections.abc import Iterator
from time import monotonic

from privaudit import gate
from privaudit.attacks.inversion.defence_matrix import (
    describe_defence,
    find_removal,
    rank_secrets,
    unfinished,
)
from privaudit.attacks.reported import nothing
from privaudit.data.readers import file_sha256
from privaudit.progress import SILENT, Progress
from privaudit.provenance import Stopwatch, now, provenance, tool
from privaudit.results import (
    BlindBaseline,
    Data,
    Duplicates,
    File,
    Model,
    NotRun,
    Result,
    Sweep,
    SweepDefence,
)
from privaudit.sweep.plan import PlannedDefence, SweepPlan
from privaudit.targets.interface import Access
from privaudit.training.references.engine import train_references
from privaudit.training.references.store import Store


def run_sweep(plan: SweepPlan, progress: Progress = SILENT) -> Result:
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
    deadline = None if request.max_seconds is None else monotonic() + request.max_seconds
    progress.start("training models", plan.n_models)
    rows = tuple(_run_defence(planned, plan, deadline, _Together(progress)) for planned in plan.defences)
    not_run = [
        NotRun(attack=f"defence {row.defence}", reason=f"{row.reason}.", kind="extraction")
        for row in rows
        if not row.ranks
    ]
    return Result(
        tool=tool(),
        created=now(),
        command="sweep",
        model=_describe_model(plan),
        data=_describe_data(plan),
        not_run=tuple(not_run),
        sweep=_side_by_side(plan, rows),
        verdict=gate.judge([], comparable=None, not_run=not_run),
        provenance=provenance(
            request.argv,
            seed=request.seed,
            watch=watch,
            threads=1,
            device=request.device,
            settings=request.settings,
        ),
        warnings=tuple(_warnings(plan)),
    )


class _Together:
    """One count over all models, whichever defence they belong to."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def start(self, task: str, total: int) -> None:
        """A defence begins: the count goes on."""

    def advance(self, units: int = 1, note: str = "") -> None:
        """Models are there."""
        self._progress.advance(units, note)


def _run_defence(
    planned: PlannedDefence, plan: SweepPlan, deadline: float | None, progress: Progress
) -> SweepDefence:
    watch, request, store = Stopwatch(), plan.request, Store(plan.request.store)
    planted, clean = (
        train_references(part, count, store, request.backend, progress=progress, deadline=deadline)
        for part, count in ((planned.planted, request.models), (planned.clean, request.controls))
    )
    if len(planted) < request.models or len(clean) < request.controls:
        reason = (
            f"{len(planted)} of {request.models} models and {len(clean)} of {request.controls} controls were "
            f"there when --max-seconds {request.max_seconds} ran out; they are kept for the next run"
        )
        return unfinished(planned.variant, len(planted), len(clean), watch.seconds, reason)
    found = rank_secrets(planted.logits, clean.logits, plan.texts)
    return describe_defence(planned.variant, found, plan.texts, watch.seconds)


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
        files=(
            File(name=request.data.name, sha256=file_sha256(request.data), size=request.data.stat().st_size),
        ),
        n_members=len(data.pool),
        n_nonmembers=len(data.holdout),
        n_groups=None if groups is None else len(groups),
        holdout=request.holdout,
        split_seed=request.seed,
        duplicates=Duplicates(exact_removed=data.duplicates_removed),
        blind_baseline=BlindBaseline(auc=nothing(reason), comparable=None, gates=False, reason=reason),
    )


def _describe_model(plan: SweepPlan) -> Model:
    recipe = plan.request.recipe.to_plain()
    content = json.dumps([recipe, file_sha256(plan.request.data)], sort_keys=True)
    return Model(
        path=str(plan.request.data),
        format="recipe",
        architecture=plan.request.recipe.architecture,
        loader="trained by privaudit",
        files=(),
        digest=hashlib.sha256(content.encode()).hexdigest(),
        labels=plan.data.labels,
        access=Access.SCORE.value,
        recipe=recipe,
    )


def _order_blind(plan: SweepPlan) -> bool:
    return plan.request.recipe.architecture == "bow" and len(plan.data.template.slots) > 1


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
    if not plan.request.controls:
        yield "No clean control was trained: a high exposure may be the class's own preference."
