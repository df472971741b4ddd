"""``privaudit train``: from one data file to a model that can be audited without anything else."""

from dataclasses import dataclass
from pathlib import Path
from secrets import randbits

from privaudit.data.readers import file_sha256
from privaudit.progress import SILENT, Progress
from privaudit.results.subject import Claim
from privaudit.training.bundle import Bundle, save_bundle
from privaudit.training.bundle_data import RecordUse
from privaudit.training.hf import FineTuned, fine_tune
from privaudit.training.hf_directory import save_directory
from privaudit.training.loop import TrainingHistory, TrainingRun
from privaudit.training.prepare import PreparedTraining, prepare
from privaudit.training.private.claim import checked_delta, claim_notes, claim_of, vocabulary_source
from privaudit.training.recipe import Recipe
from privaudit.training.request import TrainingRequest
from privaudit.training.trainer import Labelled, Trained, accuracy, train

_SECRET_BITS = 128


@dataclass(frozen=True)
class TrainReport:
    """Outcome of a training job."""

    output: Path
    recipe: Recipe
    """As recorded in the model: with the digests of the files it used, and where time stopped it."""
    n_records: int
    """Records in the file."""
    duplicates_removed: int
    n_members: int
    n_nonmembers: int
    n_validation: int
    labels: tuple[str, ...]
    vocabulary_size: int | None
    """Token numbers, padding and the unknown word included; None for ``hf``."""
    parameters: int
    member_accuracy: float
    """On the members, in [0, 1]."""
    holdout_accuracy: float | None
    """On the non-members, in [0, 1]; None without a holdout."""
    truncated: int
    """How many of the texts it was trained on were longer than the model reads."""
    history: TrainingHistory
    n_copies: int | None = None
    """Copies of canaries that it was trained on, 0 for a clean control; None without a manifest."""
    grouped: bool = False
    """Whether coins were flipped for groups of records."""
    claim: Claim | None = None
    """What a private run may claim."""


def train_bundle(request: TrainingRequest, progress: Progress = SILENT) -> TrainReport:
    """Remove duplicates, flip the coins, train on the members, and save.

    Coins, validation part and model follow from the recipe's seed. The class list comes from the whole file
    unless it is given, the vocabulary from the members alone unless the recipe hashes or a file is given.
    Copies of canaries are always trained on; classes and words of canaries get their place whether or not
    they are in the data, words only where the list is made from the members.

    Args:
        request: what to train on which data.
        progress: advanced once per step.

    Raises:
        DataError: the file cannot be read, a side or the class list would be too small, or the manifest does
            not fit the data.
        UsageError: the output cannot be written, the options do not fit, or the loss is not finite.
        ModelError: the pretrained directory is unusable.
    """
    request.check()
    prepared = prepare(request)
    model = _train(request, prepared, progress)
    recipe = prepared.recipe
    if model.history.stopped == "time":
        recipe = recipe.model_copy(update={"stop_after": len(model.history.epochs)})
    claim = _claim(request, prepared, model.history)
    _save(request.output, model, recipe, prepared, claim)
    sides = prepared.sides
    return TrainReport(
        output=request.output,
        recipe=recipe,
        n_records=prepared.section.n_records,
        duplicates_removed=prepared.section.duplicates_removed,
        n_members=len(sides[RecordUse.MEMBER].texts),
        n_nonmembers=len(sides[RecordUse.NON_MEMBER].texts),
        n_validation=len(sides[RecordUse.VALIDATION].texts),
        labels=prepared.labels,
        vocabulary_size=len(model.encoder.vocabulary) if isinstance(model, Trained) else None,
        parameters=model.parameters,
        member_accuracy=_accuracy(model, sides[RecordUse.MEMBER]),
        holdout_accuracy=_accuracy(model, sides[RecordUse.NON_MEMBER]) if request.holdout else None,
        truncated=model.truncated,
        history=model.history,
        n_copies=prepared.n_copies,
        grouped=prepared.grouped,
        claim=claim,
    )


def _train(request: TrainingRequest, prepared: PreparedTraining, progress: Progress) -> Trained | FineTuned:
    recipe, texts, classes = prepared.recipe, prepared.trained_on.texts, prepared.trained_on.labels
    validation = prepared.sides[RecordUse.VALIDATION] if recipe.early_stopping else None
    secret = randbits(_SECRET_BITS) if request.noise_seed is None else request.noise_seed
    run = TrainingRun(recipe.seed, secret, progress, request.max_seconds, request.device)
    if recipe.architecture == "hf":
        return fine_tune(recipe, texts, classes, prepared.labels, validation=validation, run=run)
    n_classes, vocabulary = len(prepared.labels), prepared.vocabulary
    return train(recipe, texts, classes, n_classes, vocabulary=vocabulary, validation=validation, run=run)


def _claim(request: TrainingRequest, prepared: PreparedTraining, history: TrainingHistory) -> Claim | None:
    """What the run may claim; None for ordinary training."""
    if request.privacy is None:
        return None
    n, labels = len(prepared.trained_on.texts), request.labels_file
    return claim_of(
        prepared.recipe,
        n=n,
        steps=history.steps,
        delta=checked_delta(request.privacy.delta, n),
        vocabulary=vocabulary_source(prepared.recipe),
        labels="data" if labels is None else f"file sha256:{file_sha256(labels)}",
        notes=claim_notes(history, request.noise_seed),
    )


def _save(
    output: Path, model: Trained | FineTuned, recipe: Recipe, prepared: PreparedTraining, claim: Claim | None
) -> None:
    privacy = None if claim is None else claim.model_dump(mode="json", exclude_none=True)
    if isinstance(model, FineTuned):
        save_directory(output, model, recipe, prepared.section, privacy)
        return
    state = model.module.state_dict()
    save_bundle(output, Bundle(state, model.encoder, prepared.labels, recipe, prepared.section, privacy))


def _accuracy(model: Trained | FineTuned, side: Labelled) -> float:
    return accuracy(model.logits(side.texts), side.labels)
