"""``privaudit train``: from one data file to a model that an audit needs nothing else for."""

import os
from dataclasses import dataclass
from pathlib import Path

from privaudit.data.audit_set import Columns
from privaudit.data.readers import file_sha256
from privaudit.errors import UsageError
from privaudit.progress import SILENT, Progress
from privaudit.training.bundle import Bundle, save_bundle
from privaudit.training.bundle_data import BundleData, Side
from privaudit.training.canaries import TrainingCanaries, read_canaries
from privaudit.training.division import NONE, class_list, divide, joined, read_undivided
from privaudit.training.hf import FineTuned, fine_tune, output_is_free, save_directory, with_digest
from privaudit.training.loop import History
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary
from privaudit.training.trainer import Labelled, Trained, accuracy, train


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
    history: History
    n_copies: int | None = None
    """Copies of canaries that it was trained on, 0 for a clean control; None without a manifest."""


def train_bundle(
    data: Path,
    recipe: Recipe,
    *,
    output: Path,
    holdout: float = 0.5,
    columns: Columns | None = None,
    vocabulary_file: Path | None = None,
    manifest: Path | None = None,
    progress: Progress = SILENT,
    max_seconds: float | None = None,
    device: str = "cpu",
) -> TrainReport:
    """Remove duplicates, flip the coins, train on the members, and save.

    Coins, validation part and model follow from ``recipe.seed``. The class list comes from the whole file,
    the vocabulary from the members alone or from ``vocabulary_file``. Copies of canaries are always trained
    on; classes and words of canaries get their place whether or not they are in the data.

    Args:
        data: CSV, TSV, JSONL or Parquet.
        recipe: what to train; ``hf`` gives a directory, everything else a bundle.
        output: the file or new directory to write.
        holdout: probability of a record (group) to be a non-member; with 0 there are none.
        columns: of ``data``.
        vocabulary_file: one word a line.
        manifest: of the canaries in ``data``, or in the planted file that was made of ``data``.
        progress: told once per step.
        max_seconds: no epoch begins after this time.
        device: a torch device.

    Raises:
        DataError: the file cannot be read, a side or the class list would be too small, or the manifest does
            not fit the data.
        UsageError: the output cannot be written, the options do not fit, or the loss is not finite.
        ModelError: the pretrained directory is unusable.
    """
    _check_options(recipe, data, output, vocabulary_file, manifest)
    columns = columns or Columns()
    records, digest = read_undivided(data, columns), file_sha256(data)
    canaries = None if manifest is None else read_canaries(manifest, data, digest, records)
    if canaries is not None:
        canaries.check_length(recipe.max_length)
    labels = class_list(records, () if canaries is None else canaries.labels)
    division = divide(records, NONE if canaries is None else canaries.positions, recipe, holdout)
    sides = division.sides(records, labels)
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
    model = _train(recipe, sides, labels, vocabulary, progress, max_seconds, device)
    if model.history.stopped == "time":
        recipe = recipe.model_copy(update={"stop_after": len(model.history.epochs)})
    _save(output, model, recipe, labels, section)
    return TrainReport(
        output=output,
        recipe=recipe,
        n_records=len(records),
        duplicates_removed=section.duplicates_removed,
        n_members=len(sides[Side.MEMBER].texts),
        n_nonmembers=len(sides[Side.NON_MEMBER].texts),
        n_validation=len(sides[Side.VALIDATION].texts),
        labels=labels,
        vocabulary_size=len(model.encoder.vocabulary) if isinstance(model, Trained) else None,
        parameters=model.parameters,
        member_accuracy=_accuracy(model, sides[Side.MEMBER]),
        holdout_accuracy=_accuracy(model, sides[Side.NON_MEMBER]) if holdout else None,
        truncated=model.truncated,
        history=model.history,
        n_copies=None if canaries is None else len(canaries.positions),
    )


def _check_options(
    recipe: Recipe, data: Path, output: Path, vocabulary_file: Path | None, manifest: Path | None
) -> None:
    """Refuse before the training what would fail after it."""
    if vocabulary_file is not None and (recipe.architecture == "hf" or recipe.embeddings == "characters"):
        raise UsageError("a model with a table of words", "--vocabulary for one without", "Drop --vocabulary")
    if not output.parent.is_dir():
        raise UsageError("an existing folder to write to", f"{output.parent}", "Create it, or change -o")
    for path, name in ((data, "training data"), (manifest, "manifest of canaries")):
        if path is not None and output.exists() and path.exists() and output.samefile(path):
            raise UsageError("an output file of its own", f"the {name}", "Change -o")
    if recipe.architecture == "hf" and not output_is_free(output):
        raise UsageError("a new or empty directory", f"{output}, which is in use", "Change -o")
    if recipe.architecture != "hf" and output.exists() and not output.is_file():
        # NOTE: the file is replaced in one step, and so would a pipe or a device be.
        kind = "directory" if output.is_dir() else "pipe or device"
        raise UsageError("a file to write", f"the {kind} {output}", "Change -o, for example to model.pt")


def _vocabulary(
    recipe: Recipe, file: Path | None, canaries: TrainingCanaries | None, sides: dict[Side, Labelled]
) -> Vocabulary | None:
    """The words of the model; None where the trainer takes those of the texts, and for ``hf``."""
    if file is not None:
        return Vocabulary.from_file(file)
    if canaries is None or recipe.architecture == "hf":
        return None
    return canaries.vocabulary(sides[Side.MEMBER].texts, recipe)


def _train(
    recipe: Recipe,
    sides: dict[Side, Labelled],
    labels: tuple[str, ...],
    vocabulary: Vocabulary | None,
    progress: Progress,
    max_seconds: float | None,
    device: str,
) -> Trained | FineTuned:
    trained_on = joined(sides[Side.MEMBER], sides[Side.CANARY])
    validation = sides[Side.VALIDATION] if recipe.early_stopping else None
    if recipe.architecture == "hf":
        return fine_tune(
            recipe,
            trained_on.texts,
            trained_on.labels,
            labels,
            validation=validation,
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
        progress=progress,
        max_seconds=max_seconds,
        device=device,
    )


def _save(
    output: Path, model: Trained | FineTuned, recipe: Recipe, labels: tuple[str, ...], data: BundleData
) -> None:
    if isinstance(model, FineTuned):
        save_directory(output, model, recipe, data)
    else:
        save_bundle(output, Bundle(model.module.state_dict(), model.encoder, labels, recipe, data))


def _accuracy(model: Trained | FineTuned, side: Labelled) -> float:
    return accuracy(model.logits(side.texts), side.labels)


def _relative(data: Path, folder: Path) -> str:
    """``data`` seen from ``folder``, with forward slashes; the whole path where no relative one exists."""
    try:
        return Path(os.path.relpath(data.resolve(), folder.resolve())).as_posix()
    except ValueError:
        # NOTE: Windows has no path from one drive to another.
        return data.resolve().as_posix()
