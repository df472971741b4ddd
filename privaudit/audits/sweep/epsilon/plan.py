"""What a sweep over epsilon will train: a frozen plan, with every epsilon's noise, before any training."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from privaudit.audits.run_options import RunOptions
from privaudit.audits.sweep.epsilon.theory import Theory, theory_of
from privaudit.data.columns import Columns
from privaudit.data.duplicates import distinct
from privaudit.errors import DataError, UsageError
from privaudit.training.division import class_list, read_undivided
from privaudit.training.private.claim import PrivacyRequest, checked_delta, private_recipe
from privaudit.training.rare_canaries import draw_canaries
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.interface import Backend
from privaudit.training.references.plan import Learner, Population, ReferencePlan
from privaudit.training.text import HashedVocabulary, Vocabulary, WordNumbers

LearnerOf = Callable[[Recipe, WordNumbers | None, str], Learner]
"""From recipe, vocabulary and device to what trains the models."""
LEAST_CANARIES, MOST_CANARIES = 20, 100_000
DEFAULT_CANARIES = 500
DEFAULT_MODELS = 8


@dataclass(frozen=True)
class EpsilonSweepRequest:
    """What the user asked ``privaudit sweep --epsilon`` for."""

    data: Path
    recipe: Recipe
    """Without privacy: what training at infinite epsilon is. At finite ones, what still has its default takes
    the one for private training. The seed plays no part."""
    store: Path
    """Folder of the store in which trained models are kept."""
    backend: Backend
    epsilons: str = "inf,16,8,4,2,1"
    """Numbers above 0, or ``inf``, separated by commas."""
    delta: float | None = None
    """None: the largest power of ten that is at most 1e-5 and a tenth of one over the records of a model."""
    clip_norm: float | None = None
    """None clips automatically."""
    vocabulary: str = "hash:4096"
    """``hash:N``, or a file of words; not for ``hf``."""
    canaries: int | None = None
    """None: :data:`DEFAULT_CANARIES`, or a tenth of the records where that is less."""
    models: int = DEFAULT_MODELS
    """Per epsilon."""
    columns: Columns = field(default_factory=Columns)
    device: str = "cpu"
    run: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True, eq=False)
class PlannedEpsilon:
    """The models of one epsilon, before they are trained."""

    epsilon: float
    """As asked for; infinite without privacy."""
    recipe: Recipe
    models: ReferencePlan
    delta: float

    @cached_property
    def theory(self) -> Theory | None:
        """What the mechanism allows; None without privacy."""
        return None if self.recipe.privacy is None else theory_of(self.recipe.privacy, self.delta)


@dataclass(frozen=True, eq=False)
class EpsilonSweepPlan:
    """What will be trained and attacked: everything that can be refused has been refused."""

    request: EpsilonSweepRequest
    epsilons: tuple[PlannedEpsilon, ...]
    delta: float
    pool: Population
    """The records, then the canaries."""
    n_records: int
    labels: tuple[str, ...]
    vocabulary: WordNumbers | None
    """Of all models; None for ``hf``, which brings its own."""
    duplicates_removed: int

    @property
    def n_canaries(self) -> int:
        """Canaries, each in or out of every model by its own fair coin."""
        return len(self.pool) - self.n_records


def plan_epsilon_sweep(request: EpsilonSweepRequest, learner_of: LearnerOf | None = None) -> EpsilonSweepPlan:
    """Read the data, make the canaries, and find the noise of every epsilon.

    Args:
        request: what was asked for.
        learner_of: what trains the models; the recipe's own trainer by default.

    Raises:
        UsageError: an option is out of range, or cannot be had privately.
        DataError: the data cannot be used.
        ModelError: the pretrained directory is unusable.
    """
    epsilons = parse_epsilons(request.epsilons)
    _check(request)
    vocabulary, tag = public_vocabulary(request)
    records = read_undivided(request.data, request.columns)
    if records.groups is not None:
        raise DataError(
            f"{request.data.name} groups its records, and epsilon is that of one record",
            "Remove the group column",
        )
    labels = class_list(records)
    kept = records.select(distinct(records))
    n_canaries = _n_canaries(request, len(kept))
    index = {label: i for i, label in enumerate(labels)}
    own = np.array([index[label] for label in kept.labels], dtype=np.int64)
    texts, drawn = draw_canaries(n_canaries, kept.texts, labels, vocabulary, request.run.seed)
    pool = Population([*kept.texts, *texts], np.concatenate([own, drawn]), len(labels))
    # NOTE: a record is in a model with chance one half. Rate, steps and delta follow from that expectation,
    # not from how the coins fell: what depended on them would tell of them.
    trained_on = len(pool) // 2
    delta = checked_delta(request.delta, trained_on)
    ordinary = request.recipe.model_copy(update={"vocabulary": tag, "privacy": None})
    make = learner_of or recipe_learner

    def planned(epsilon: float) -> PlannedEpsilon:
        recipe = ordinary if math.isinf(epsilon) else private(epsilon)
        learner = make(recipe, vocabulary, request.device)
        models = ReferencePlan(learner, pool, pool, online=True, seed=request.run.seed, extras=True)
        return PlannedEpsilon(epsilon, recipe, models, delta)

    def private(epsilon: float) -> Recipe:
        asked = PrivacyRequest(epsilon=epsilon, delta=delta, clip_norm=request.clip_norm)
        own = ordinary.model_copy(update=ordinary.private_defaults())
        return private_recipe(own, asked, trained_on)

    found = tuple(map(planned, epsilons))
    removed = len(records) - len(kept)
    return EpsilonSweepPlan(request, found, delta, pool, len(kept), labels, vocabulary, removed)


def parse_epsilons(text: str) -> tuple[float, ...]:
    """The epsilons of ``text`` in its order.

    Raises:
        UsageError: one is no number above 0, or is there twice.
    """
    found: list[float] = []
    for part in text.split(","):
        try:
            value = float(part)
        except ValueError:
            value = math.nan
        if not value > 0:
            raise UsageError(
                f"--epsilon has {part[:40]!r}, which is neither a number above 0 nor inf",
                "Give epsilons separated by commas",
            )
        if value in found:
            raise UsageError(f"--epsilon has {value:g} twice", "Give every epsilon once")
        found.append(value)
    return tuple(found)


def public_vocabulary(request: EpsilonSweepRequest) -> tuple[WordNumbers | None, str]:
    """The words of all models, and how the recipe names them. They never come from the data.

    Raises:
        UsageError: another hash than ``hash:N`` with N from 10 to 9,999,999.
        DataError: the file cannot be read, or is no list of words.
    """
    asked = request.vocabulary
    if request.recipe.architecture == "hf":
        return None, "members"
    if not asked.startswith("hash:"):
        listed = Vocabulary.from_file(Path(asked))
        return listed, f"sha256:{listed.digest}"
    rows = asked.removeprefix("hash:")
    if not (rows.isascii() and rows.isdigit() and 10 <= int(rows) < 10**7):
        raise UsageError(
            f"--vocabulary {asked[:40]!r} is not hash:N with N from 10 to 9,999,999",
            "Correct it, or give a file",
        )
    hashed = HashedVocabulary(int(rows))
    return hashed, hashed.digest


def recipe_learner(recipe: Recipe, vocabulary: WordNumbers | None, device: str) -> Learner:
    """What trains models by their recipe, each by itself or in blocks."""
    if recipe.architecture == "hf":
        from privaudit.training.references.learners.hf_learner import HfLearner

        return HfLearner(recipe, device=device)
    from privaudit.training.references.learners.recipe_learner import RecipeLearner

    return RecipeLearner(recipe, vocabulary, device)


def _n_canaries(request: EpsilonSweepRequest, n_records: int) -> int:
    if request.canaries is not None:
        return request.canaries
    return max(LEAST_CANARIES, min(DEFAULT_CANARIES, n_records // 10))


def _check(request: EpsilonSweepRequest) -> None:
    for name, value, least, most in (
        ("models", request.models, 1, 10_000),
        ("canaries", request.canaries, LEAST_CANARIES, MOST_CANARIES),
    ):
        if value is not None and not least <= value <= most:
            raise UsageError(f"--{name} {value:,} is not between {least} and {most:,}", f"Change --{name}")
    if request.recipe.early_stopping:
        raise UsageError(
            "--early-stopping looks at records outside the guarantee, which needs a fixed number of steps",
            "Drop --early-stopping",
        )
