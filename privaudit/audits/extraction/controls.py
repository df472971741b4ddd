"""Clean controls: models of the same recipe and records that never saw a canary, and how they rank secrets.

A secret may stand high because of what any model of these data prefers. Only the difference to models without
the canary is due to the canary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from privaudit.attacks.extraction.ranking import Margins, Pool
from privaudit.audits.canary_groups import CanaryGroup
from privaudit.audits.inputs import Inputs, OpenedModel, unknown_recipe
from privaudit.audits.training_records import recorded_population
from privaudit.data.canaries.template import draw_fillings
from privaudit.data.duplicates import normalise
from privaudit.errors import DataError, UsageError
from privaudit.progress import Progress
from privaudit.stopwatch import Deadline
from privaudit.targets.interface import Floats, Ints, TextClassifier

if TYPE_CHECKING:
    from privaudit.training.bundle_data import BundleData
    from privaudit.training.recipe import Recipe
    from privaudit.training.references.backends.interface import Backend
    from privaudit.training.references.plan import Population, ReferencePlan

DEFAULT_COUNT = 4
"""Controls of word-level bundles. A fine-tuned encoder takes minutes to hours each: ask for them."""
MOST_FILLINGS = 20_000
"""Up to so many fillings controls are asked about all; of more, about a sample."""
SAMPLE = 10_000


@dataclass(frozen=True)
class ControlRequest:
    """What the user asked for."""

    store: Path
    """Folder of the store in which trained models are kept."""
    backend: "Backend"
    count: int | None = None
    """None: :data:`DEFAULT_COUNT` where the recipe is known and cheap to repeat, else 0."""
    model: Path | None = None
    """The user's own model that was trained the same way without the canaries."""


@dataclass(frozen=True, eq=False)
class PlannedControls:
    """Controls before they are trained."""

    count: int
    pools: tuple[Pool, ...]
    """Per group: what its secrets are ranked among by the controls."""
    plan: "ReferencePlan | None" = None
    model: TextClassifier | None = None
    """The user's own, in place of trained ones."""


@dataclass(frozen=True, eq=False)
class Controls:
    """What k clean models say of every group."""

    pools: tuple[Pool, ...]
    margins: tuple[tuple[Margins, ...], ...]
    """Per group, per control."""
    logits: Floats
    """``[k, M, C]`` of the secrets' texts, in the order of the groups and their canaries."""


def plan_controls(
    opened: OpenedModel,
    groups: Sequence[CanaryGroup],
    request: ControlRequest,
    inputs: Inputs,
    *,
    seed: int,
) -> PlannedControls | None:
    """The controls that the request and the model allow; None if there will be none.

    Raises:
        UsageError: controls were asked for and the model's training recipe is unknown.
        DataError: the training data are gone or changed, or hold a canary.
    """
    pools = tuple(_pool(group, seed, number) for number, group in enumerate(groups))
    if request.model is not None:
        return PlannedControls(1, pools, model=_own_control(request.model, opened, inputs))
    if opened.data is None or opened.trained_by is None:
        if request.count:
            raise unknown_recipe(opened.classifier.info, "Give --control MODEL, or --controls 0")
        return None
    cheap = opened.trained_by.recipe.architecture != "hf"
    count = request.count if request.count is not None else DEFAULT_COUNT if cheap else 0
    if not count:
        return None
    pool = _clean_pool(opened, opened.data, opened.trained_by.recipe, groups, inputs)
    return PlannedControls(count, pools, plan=_plan(opened, pool, groups, pools, inputs.device, seed))


def ask_controls(
    planned: PlannedControls,
    groups: Sequence[CanaryGroup],
    request: ControlRequest,
    *,
    progress: Progress,
    deadline: Deadline,
) -> Controls | None:
    """Train the controls that the store lacks and read what they say; None if time ran out.

    Args:
        planned: which controls.
        groups: as planned.
        request: where controls are trained and kept.
        progress: told once per control.
        deadline: after it no control begins.
    """
    if planned.model is not None:
        return _ask_own(planned, planned.model, groups)
    from privaudit.training.references.engine import train_references
    from privaudit.training.references.store import Store

    if planned.plan is None:
        raise ValueError("controls are trained, or given as a model")
    references = train_references(
        planned.plan,
        planned.count,
        Store(request.store),
        request.backend,
        progress=progress,
        deadline=deadline.moment,
    )
    if len(references) < planned.count:
        return None
    margins: list[list[Margins]] = [[] for _ in groups]
    secrets = []
    for logits in references.logits:
        start, own = 0, []
        for number, (group, pool) in enumerate(zip(groups, planned.pools, strict=True)):
            rows = logits[start : start + pool.n_asked].astype(np.float64)
            margins[number].append(pool.read(rows, group.label))
            own.append(rows[pool.secret_rows])
            start += len(rows)
        secrets.append(np.concatenate(own))
    return Controls(planned.pools, tuple(tuple(row) for row in margins), np.stack(secrets))


def _ask_own(planned: PlannedControls, model: TextClassifier, groups: Sequence[CanaryGroup]) -> Controls:
    # NOTE: torch comes with it, and `mia` on a table of scores reads this module's requests without torch.
    from privaudit.attacks.extraction.surfaces import open_surface

    margins, secrets = [], []
    for group, pool in zip(groups, planned.pools, strict=True):
        surface = open_surface(model, group.template)
        margins.append((pool.margins(surface, group.label),))
        secrets.append(surface.logits(group.secrets))
    return Controls(planned.pools, tuple(margins), np.concatenate(secrets)[None])


def _pool(group: CanaryGroup, seed: int, number: int) -> Pool:
    template = group.template
    if template.n_fillings <= MOST_FILLINGS:
        return Pool(template, group.secrets, None)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xC0, number]))
    return Pool(template, group.secrets, draw_fillings(template, SAMPLE, rng))


def _plan(
    opened: OpenedModel,
    pool: "Population",
    groups: Sequence[CanaryGroup],
    pools: Sequence[Pool],
    device: str,
    seed: int,
) -> "ReferencePlan":
    from privaudit.training.references.learners.planted_learner import PlantedLearner
    from privaudit.training.references.plan import Population, ReferencePlan

    if opened.trained_by is None:
        raise ValueError("controls repeat a recipe")
    texts = [asked.template.render(filling) for asked in pools for filling in asked.asked]
    labels = np.concatenate(
        [np.full(asked.n_asked, group.label) for group, asked in zip(groups, pools, strict=True)]
    )
    learner = PlantedLearner(opened.trained_by.recipe, opened.vocabulary, device=device)
    scored = Population(texts, labels, len(opened.classifier.labels))
    return ReferencePlan(learner, pool, scored, online=False, seed=seed)


def _clean_pool(
    opened: OpenedModel,
    data: "BundleData",
    recipe: "Recipe",
    groups: Sequence[CanaryGroup],
    inputs: Inputs,
) -> "Population":
    """The ordinary records that the target was trained on, those it watched to stop early included."""
    from privaudit.training.bundle_data import RecordUse

    used = [RecordUse.MEMBER, RecordUse.VALIDATION] if recipe.early_stopping else [RecordUse.MEMBER]
    pool = recorded_population(opened, data, inputs, used)
    secret = {normalise(group.template.render(filling)) for group in groups for filling in group.secrets}
    held = sum(normalise(text) in secret for text in pool.texts)
    if held:
        raise DataError(
            f"{held} other training records have the text of a canary, so no control trained on them is "
            "clean",
            "Name the file's own secrets in the manifest, or give --controls 0",
        )
    return pool


def _own_control(path: Path, opened: OpenedModel, inputs: Inputs) -> TextClassifier:
    """The user's own control, refused where it is seen not to be one."""
    from privaudit.audits.inputs import open_model

    control = open_model(Inputs(model=path, device=inputs.device, factory=inputs.factory))
    if control.classifier.labels != opened.classifier.labels:
        raise UsageError("The control's classes are not those of the model", "Train it with --canaries too")
    planted = (
        opened.data is not None and control.data is not None and opened.data.sha256 == control.data.sha256
    )
    if planted:
        raise DataError(
            f"The control {path.name} was trained on the same planted data as the model",
            "Train it on the clean data: privaudit train CLEAN --canaries MANIFEST",
        )
    return control.classifier


def control_rank(
    controls: Controls, number: int, index: int, others: Ints
) -> tuple[list[int], list[float], int]:
    """Where a secret stands for each control.

    Args:
        controls: all of them.
        number: of the group.
        index: of the canary in it.
        others: ``[m, S]`` other planted fillings, left out as for the model.

    Returns:
        The ranks, their exposures in bits, and how many fillings were ranked.
    """
    pool = controls.pools[number]
    ranked = [pool.rank(margins, index, others) for margins in controls.margins[number]]
    among = ranked[0].among
    ranks = [found.rank for found in ranked]
    return ranks, [float(np.log2(among) - np.log2(rank)) for rank in ranks], among
