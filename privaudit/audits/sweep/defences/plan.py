"""What a sweep will train and ask: a frozen plan, before anything is computed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from privaudit.attacks.extraction.ranking import Pool
from privaudit.audits.run_options import RunOptions
from privaudit.audits.sweep.defences.data import CanaryRequest, SweepData, read_sweep_data
from privaudit.audits.sweep.defences.ranks import ScoredTexts
from privaudit.audits.sweep.defences.variants import Variant, parse_defences
from privaudit.data.canaries.template import draw_fillings
from privaudit.data.columns import Columns
from privaudit.data.readers import file_sha256
from privaudit.errors import UsageError
from privaudit.training.hf import with_digest
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.interface import Backend
from privaudit.training.references.learners.planted_learner import PlantedLearner, Planting, secret_of
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.seeds import SeedStream, derive

MOST_FILLINGS = 100_000
"""Up to so many fillings all are ranked; of more, a sample."""
SAMPLE = 10_000
_MOST = {"models": 10_000, "controls": 10_000, "repetitions": 1_000_000}


@dataclass(frozen=True)
class SweepRequest:
    """What the user asked ``privaudit sweep`` for."""

    data: Path
    recipe: Recipe
    """What the defences change; its seed plays no part."""
    store: Path
    """Folder of the store in which trained models are kept."""
    backend: Backend
    defences: str = "none,dropout,early-stopping,char-embeddings,all"
    """See :func:`privaudit.audits.sweep.defences.variants.parse_defences`."""
    canary: CanaryRequest = field(default_factory=CanaryRequest)
    repetitions: int = 100
    """Copies of its secret that every model is trained on."""
    models: int = 10
    """Per defence, each with a secret of its own."""
    controls: int = 4
    """Per defence, without any canary."""
    holdout: float = 0.2
    """Probability of a record (group) to be left out of training, for the accuracy."""
    columns: Columns = field(default_factory=Columns)
    vocabulary_file: Path | None = None
    """Words of all models; None hashes where the recipe says so, else takes those of data and canary."""
    delta: float | None = None
    """Of defences with differential privacy; None for the default of so many records."""
    device: str = "cpu"
    run: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True, eq=False)
class PlannedDefence:
    """The models of one defence, before they are trained."""

    variant: Variant
    planted: ReferencePlan
    """Model i has secret i, whatever the defence."""
    clean: ReferencePlan
    """With seeds of their own, so only the records tie them to the planted models."""


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """What will be trained and asked: everything that can be refused has been refused."""

    request: SweepRequest
    defences: tuple[PlannedDefence, ...]
    data: SweepData
    texts: ScoredTexts

    @property
    def n_models(self) -> int:
        """All models, controls included."""
        return len(self.defences) * (self.request.models + self.request.controls)


def plan_sweep(request: SweepRequest) -> SweepPlan:
    """Read the data, flip the coins, draw the secrets, and fix every model.

    Raises:
        UsageError: an option is out of range, or a defence, pattern or label is not possible.
        DataError: the data cannot be used, or hold a text that could be a secret.
        ModelError: the pretrained directory is unusable.
    """
    for name, most in _MOST.items():
        value, least = getattr(request, name), int(name != "controls")
        if not least <= value <= most:
            raise UsageError(f"--{name} {value:,} is not between {least} and {most:,}", f"Change --{name}")
    recipe = with_digest(request.recipe) if request.recipe.architecture == "hf" else request.recipe
    data = read_sweep_data(
        request.data,
        request.columns,
        request.canary,
        recipe,
        holdout=request.holdout,
        seed=request.run.seed,
        vocabulary_file=request.vocabulary_file,
    )
    if request.vocabulary_file is not None:
        digest = file_sha256(request.vocabulary_file)
        recipe = recipe.model_copy(update={"vocabulary": f"sha256:{digest}"})
    trained_on = len(data.pool) + request.repetitions
    variants = parse_defences(request.defences, recipe, n=trained_on, delta=request.delta)
    _check_words(variants)
    texts = _scored_texts(request, data)
    asked = [data.template.render(filling) for filling in texts.fillings]
    data.refuse(asked)
    labels = np.concatenate([np.full(len(asked), data.label), data.holdout.labels])
    scored = Population([*asked, *data.holdout.texts], labels, len(data.labels))
    planting = Planting(data.template, data.label, request.repetitions)

    def models(variant: Variant, planting: Planting | None, seed: int) -> ReferencePlan:
        learner = PlantedLearner(variant.recipe, data.vocabulary, planting, device=request.device)
        return ReferencePlan(learner, data.pool, scored, online=False, seed=seed)

    clean_seed = derive(request.run.seed, SeedStream.CONTROL)
    defences = tuple(
        PlannedDefence(v, models(v, planting, request.run.seed), models(v, None, clean_seed))
        for v in variants
    )
    return SweepPlan(request, defences, data, texts)


def _check_words(variants: Sequence[Variant]) -> None:
    """Refuse a list of the protected records' words beside a claim of differential privacy, which it voids.

    Raises:
        UsageError: a private variant would have one.
    """
    for variant in variants:
        own = variant.recipe.pretrained is None and variant.recipe.vocabulary == "members"
        if variant.recipe.privacy is not None and own:
            raise UsageError(
                f"--defences {variant.name} would list the words of the private data, which voids its "
                "guarantee",
                "Give --vocabulary hash:4096 or --vocabulary FILE",
            )


def _scored_texts(request: SweepRequest, data: SweepData) -> ScoredTexts:
    template = data.template
    secrets = np.array(
        [secret_of(template, request.run.seed, i) for i in range(request.models)], dtype=np.int64
    )
    rng = np.random.default_rng(derive(request.run.seed, SeedStream.SAMPLE))
    sample = None if template.n_fillings <= MOST_FILLINGS else draw_fillings(template, SAMPLE, rng)
    return ScoredTexts(Pool(template, secrets, sample), data.label, data.holdout.labels)
