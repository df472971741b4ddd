"""``privaudit train``: from one data file to a model that an audit needs nothing else for."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import randbits

from privaudit.data.audit_set import Columns
from privaudit.data.readers import file_sha256
from privaudit.progress import SILENT, Progress
from privaudit.results.subject import Claim
from privaudit.training.bundle import Bundle, save_bundle
from privaudit.training.bundle_data import BundleData, RecordUse
from privaudit.training.canaries import TrainingCanaries, read_canaries
from privaudit.training.division import NONE, class_list, divide, joined, read_class_list, read_undivided
from privaudit.training.hf import FineTuned, fine_tune, with_digest
from privaudit.training.hf_directory import save_directory
from privaudit.training.job_options import check_options, check_private
from privaudit.training.loop import TrainingHistory
from privaudit.training.private.claim import (
    PrivacyRequest,
    checked_delta,
    claim_of,
    notes_of,
    private_recipe,
    source_of_words,
)
from privaudit.training.recipe import Recipe
from privaudit.training.text import HashedVocabulary, Vocabulary, numbered_by
from privaudit.training.trainer import Labelled, Trained, accuracy, train

_SECRET_BITS = 128


@dataclass(frozen=True)
class TrainReport:
    """What a training job did."""

    output: Path
    recipe: Recipe
    """As recorded in the model: with the digests of the files it used, and where time stopped it."""
    n_records: int
    """In the file."""
    duplicates_removed: int
    n_members: int
    n_nonmembers: int
    n_validation: int
    labels: tuple[str, ...]
    vocabulary_size: int | None
    """Token numbers, padding and the unknown word included; None for ``hf``."""
    parameters: int
    member_accuracy: float
    """On what it was trained on, in [0, 1]."""
    holdout_accuracy: float | None
    """On the non-members: what the model is worth on new texts; None without a holdout."""
    truncated: int
    """How many of the texts it was trained on were longer than the model reads."""
    history: TrainingHistory
    n_copies: int | None = None
    """Copies of canaries that it was trained on, 0 for a clean control; None without a manifest."""
    grouped: bool = False
    """Whether coins were flipped for groups of records."""
    claim: Claim | None = None
    """What a private run may claim."""


def train_bundle(
    data: Path,
    recipe: Recipe,
    *,
    output: Path,
    holdout: float = 0.5,
    columns: Columns | None = None,
    vocabulary_file: Path | None = None,
    labels_file: Path | None = None,
    manifest: Path | None = None,
    privacy: PrivacyRequest | None = None,
    noise_seed: int | None = None,
    progress: Progress = SILENT,
    max_seconds: float | None = None,
    device: str = "cpu",
) -> TrainReport:
    """Remove duplicates, flip the coins, train on the members, and save.

    Coins, validation part and model follow from ``recipe.seed``. The class list comes from the whole file
    unless it is given, the vocabulary from the members alone unless the recipe hashes or a file is given.
    Copies of canaries are always trained on; classes and words of canaries get their place whether or not
    they are in the data, words only where the list is made from the members.

    Args:
        data: CSV, TSV, JSONL or Parquet.
        recipe: what to train; ``hf`` gives a directory, everything else a bundle.
        output: the file or new directory to write.
        holdout: probability of a record (group) to be a non-member; with 0 there are none.
        columns: of ``data``.
        vocabulary_file: one word a line.
        labels_file: one class a line.
        manifest: of the canaries in ``data``, or in the planted file that was made of ``data``.
        privacy: what the run shall keep; None for ordinary training.
        noise_seed: of a private run's batches and noise, for experiments: whoever knows it can subtract the
            noise. None draws 128 bits from the operating system and forgets them.
        progress: told once per step.
        max_seconds: no epoch begins after this time.
        device: a torch device.

    Raises:
        DataError: the file cannot be read, a side or the class list would be too small, or the manifest does
            not fit the data.
        UsageError: the output cannot be written, the options do not fit, or the loss is not finite.
        ModelError: the pretrained directory is unusable.
    """
    check_options(recipe, data, output, vocabulary_file, manifest)
    if privacy is not None:
        check_private(recipe, vocabulary_file)
    columns = columns or Columns()
    records, digest = read_undivided(data, columns), file_sha256(data)
    canaries = None if manifest is None else read_canaries(manifest, data, digest, records)
    if canaries is not None:
        canaries.check_length(recipe.max_length)
    read = class_list if labels_file is None else partial(read_class_list, labels_file)
    labels = read(records, () if canaries is None else canaries.labels)
    division = divide(records, NONE if canaries is None else canaries.positions, recipe, holdout)
    sides = division.sides(records, labels)
    trained_on = joined(sides[RecordUse.MEMBER], sides[RecordUse.CANARY])
    if privacy is not None:
        recipe = private_recipe(recipe, privacy, len(trained_on.texts))
    vocabulary = _vocabulary(recipe, vocabulary_file, canaries, sides)
    if vocabulary_file is not None:
        recipe = recipe.model_copy(update={"vocabulary": f"sha256:{file_sha256(vocabulary_file)}"})
    if recipe.architecture == "hf":
        recipe = with_digest(recipe)
    section = BundleData(
        file=_relative(data, output.parent),
        sha256=digest,
        n_records=len(records),
        kept=division.kept,
        split=division.split,
        seed=recipe.seed,
        holdout=float(holdout),
        duplicates_removed=division.duplicates_removed,
        text_column=columns.text,
        label_column=columns.label,
        group_column=columns.group,
        id_column=columns.id,
        canaries=None if canaries is None else canaries.file,
    )
    validation = sides[RecordUse.VALIDATION] if recipe.early_stopping else None
    secret = randbits(_SECRET_BITS) if noise_seed is None else noise_seed
    model = _train(recipe, trained_on, validation, labels, vocabulary, secret, progress, max_seconds, device)
    if model.history.stopped == "time":
        recipe = recipe.model_copy(update={"stop_after": len(model.history.epochs)})
    claim = None
    if privacy is not None:
        claim = claim_of(
            recipe,
            n=len(trained_on.texts),
            steps=model.history.steps,
            delta=checked_delta(privacy.delta, len(trained_on.texts)),
            vocabulary=source_of_words(recipe),
            labels="data" if labels_file is None else f"file sha256:{file_sha256(labels_file)}",
            notes=notes_of(model.history, noise_seed),
        )
    _save(output, model, recipe, labels, section, claim)
    return TrainReport(
        output=output,
        recipe=recipe,
        n_records=len(records),
        duplicates_removed=section.duplicates_removed,
        n_members=len(sides[RecordUse.MEMBER].texts),
        n_nonmembers=len(sides[RecordUse.NON_MEMBER].texts),
        n_validation=len(sides[RecordUse.VALIDATION].texts),
        labels=labels,
        vocabulary_size=len(model.encoder.vocabulary) if isinstance(model, Trained) else None,
        parameters=model.parameters,
        member_accuracy=_accuracy(model, sides[RecordUse.MEMBER]),
        holdout_accuracy=_accuracy(model, sides[RecordUse.NON_MEMBER]) if holdout else None,
        truncated=model.truncated,
        history=model.history,
        n_copies=None if canaries is None else len(canaries.positions),
        grouped=records.groups is not None,
        claim=claim,
    )


def _vocabulary(
    recipe: Recipe, file: Path | None, canaries: TrainingCanaries | None, sides: dict[RecordUse, Labelled]
) -> Vocabulary | HashedVocabulary | None:
    """The words of the model; None where the trainer takes those of the texts, and for ``hf``."""
    if file is not None:
        return Vocabulary.from_file(file)
    if recipe.privacy is not None and recipe.embeddings == "characters":
        return Vocabulary(())
    if canaries is None or recipe.architecture == "hf":
        return None
    return numbered_by(recipe.vocabulary) or canaries.vocabulary(sides[RecordUse.MEMBER].texts, recipe)


def _train(
    recipe: Recipe,
    trained_on: Labelled,
    validation: Labelled | None,
    labels: tuple[str, ...],
    vocabulary: Vocabulary | HashedVocabulary | None,
    noise_seed: int,
    progress: Progress,
    max_seconds: float | None,
    device: str,
) -> Trained | FineTuned:
    if recipe.architecture == "hf":
        return fine_tune(
            recipe,
            trained_on.texts,
            trained_on.labels,
            labels,
            validation=validation,
            noise_seed=noise_seed,
            progress=progress,
            max_seconds=max_seconds,
            device=device,
        )
    return train(
        recipe,
        trained_on.texts,
        trained_on.labels,
        len(labels),
        vocabulary=vocabulary,
        validation=validation,
        noise_seed=noise_seed,
        progress=progress,
        max_seconds=max_seconds,
        device=device,
    )


def _save(
    output: Path,
    model: Trained | FineTuned,
    recipe: Recipe,
    labels: tuple[str, ...],
    data: BundleData,
    claim: Claim | None,
) -> None:
    privacy = None if claim is None else claim.model_dump(mode="json", exclude_none=True)
    if isinstance(model, FineTuned):
        save_directory(output, model, recipe, data, privacy)
    else:
        save_bundle(output, Bundle(model.module.state_dict(), model.encoder, labels, recipe, data, privacy))


def _accuracy(model: Trained | FineTuned, side: Labelled) -> float:
    return accuracy(model.logits(side.texts), side.labels)


def _relative(data: Path, folder: Path) -> str:
    """``data`` seen from ``folder``, with forward slashes; the whole path where no relative one exists."""
    try:
        return Path(os.path.relpath(data.resolve(), folder.resolve())).as_posix()
    except ValueError:
        # NOTE: Windows has no path from one drive to another.
        return data.resolve().as_posix()
