"""Models that are trained for the audit itself: without privacy for the control, and with one canary each."""

from dataclasses import dataclass

from privaudit.audits.inputs import Inputs, OpenedModel
from privaudit.audits.training_records import recorded_population
from privaudit.data.duplicates import normalise
from privaudit.data.labels import match_labels
from privaudit.errors import UsageError
from privaudit.training.bundle_data import BundleData, RecordUse
from privaudit.training.rare_canaries import draw_canaries
from privaudit.training.recipe import Recipe
from privaudit.training.references.learners.coin_learner import CoinLearner
from privaudit.training.references.learners.planted_learner import PlantedLearner
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.seeds import SeedStream, derive
from privaudit.training.text import Vocabulary, WordNumbers, words

_BUILT = ("width", "layers", "embeddings", "vocabulary", "max_length", "min_frequency", "pretrained_sha256")
"""What of a private recipe says how a network is built, not how it is trained."""


@dataclass(frozen=True)
class CanarySpec:
    """The user's canary for many runs; None leaves the choice to :func:`one_canary`."""

    text: str | None = None
    label: str | None = None


def without_privacy(recipe: Recipe) -> Recipe:
    """The recipe of the positive control: the same network, trained to the end and without privacy.

    A private recipe has a learning rate for noisy sums of clipped gradients, which may teach nothing without
    them; its network is trained by the defaults of the architecture.
    """
    if recipe.privacy is None:
        return recipe.model_copy(update={"early_stopping": False})
    name = f"hf:{recipe.pretrained}" if recipe.pretrained is not None else recipe.architecture
    return Recipe.for_architecture(name, **{field: getattr(recipe, field) for field in _BUILT})


def planted_control(
    opened: OpenedModel, data: BundleData, recipe: Recipe, canaries: Population, inputs: Inputs, seed: int
) -> ReferencePlan:
    """Models without privacy on all that the audited one was trained on, canaries with the same coins.

    Args:
        opened: the audited model.
        data: what it says of its training data.
        recipe: of the audited model.
        canaries: all of them; they are scored.
        inputs: where the training file is.
        seed: of the audit.

    Raises:
        DataError: the training file has moved or its bytes changed.
    """
    sides = {RecordUse.MEMBER, RecordUse.VALIDATION, RecordUse.CANARY}
    pool = recorded_population(opened, data, inputs, sides)
    learner = PlantedLearner(without_privacy(recipe), opened.vocabulary, device=inputs.device)
    return ReferencePlan(learner, pool, canaries, online=False, seed=derive(seed, SeedStream.CONTROL))


def coin_models(
    opened: OpenedModel, data: BundleData, recipe: Recipe, spec: CanarySpec, inputs: Inputs, seed: int
) -> ReferencePlan:
    """Models of the recipe on the audited one's ordinary records, with one canary by a coin each.

    Raises:
        DataError: the training file has moved or its bytes changed.
        UsageError: the canary is not possible.
    """
    sides = {RecordUse.MEMBER, RecordUse.VALIDATION} if recipe.early_stopping else {RecordUse.MEMBER}
    pool = recorded_population(opened, data, inputs, sides)
    vocabulary = _with_a_new_word(opened.vocabulary, recipe, spec.text)
    canary = one_canary(pool, opened.classifier.labels, vocabulary, spec, recipe.max_length, seed)
    learner = CoinLearner(recipe, vocabulary, device=inputs.device)
    return ReferencePlan(learner, pool, canary, online=False, seed=seed, extras=vocabulary is not None)


def coin_control(models: ReferencePlan) -> ReferencePlan:
    """The same models without privacy, with seeds and coins of their own.

    Raises:
        TypeError: models of another learner: a bug of the caller.
    """
    learner = models.learner
    if not isinstance(learner, CoinLearner):
        raise TypeError("only models with a coin have this control")
    plain = CoinLearner(without_privacy(learner.recipe), learner.vocabulary, device=learner.device)
    seed = derive(models.seed, SeedStream.CONTROL)
    return ReferencePlan(plain, models.pool, models.scored, online=False, seed=seed, extras=models.extras)


def one_canary(
    pool: Population,
    labels: tuple[str, ...],
    vocabulary: WordNumbers | None,
    spec: CanarySpec,
    max_length: int,
    seed: int,
) -> Population:
    """The one text that models are trained on or not: a word whose row the records use least, repeated.

    Its gradient lies in a direction that others do not occupy, which is what clipping and noise let through
    best. The class is drawn from the seed.

    Raises:
        UsageError: a text that is in the data, too long or empty, or a class that the model lacks.
    """
    drawn, classes = draw_canaries(1, pool.texts, labels, vocabulary, seed)
    text = drawn[0] if spec.text is None else _checked(spec.text, pool, max_length)
    if spec.label is not None:
        if spec.label not in labels:
            known = ", ".join(labels[:8]) + (", …" if len(labels) > 8 else "")
            asked = repr(spec.label[:40])
            raise UsageError(
                f"The model has no class {asked}; its classes are {known}", "Correct --canary-label"
            )
        classes = match_labels([spec.label], labels)
    return Population([text], classes, len(labels))


def _checked(text: str, pool: Population, max_length: int) -> str:
    count = sum(1 for _ in words(text))
    if not 1 <= count <= max_length:
        raise UsageError(f"--canary-text has {count} words, not 1 to {max_length}", "Change --canary-text")
    if normalise(text) in {normalise(record) for record in pool.texts}:
        raise UsageError("--canary-text is the text of a training record", "Choose another text")
    return text


def _with_a_new_word(vocabulary: WordNumbers | None, recipe: Recipe, text: str | None) -> WordNumbers | None:
    """Where the words are those of the members, the canary's own, whether or not a model has it."""
    if not isinstance(vocabulary, Vocabulary) or recipe.vocabulary != "members":
        return vocabulary
    known = set(vocabulary.known)
    made_up = (f"zq{number}" for number in range(len(known) + 1))
    new = list(words(text)) if text is not None else [next(word for word in made_up if word not in known)]
    return Vocabulary((*vocabulary.known, *sorted(set(new) - known)))
