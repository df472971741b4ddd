"""``privaudit train``: from one data file to a model that an audit needs nothing else for."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privaudit.data.audit_set import Columns
from privaudit.data.duplicates import distinct
from privaudit.data.readers import file_sha256, read_records
from privaudit.data.records import Records
from privaudit.data.splits import coin_split
from privaudit.errors import DataError, UsageError
from privaudit.progress import SILENT, Progress
from privaudit.training.bundle import Bundle, save_bundle
from privaudit.training.bundle_data import BundleData, Side
from privaudit.training.hf import FineTuned, fine_tune, output_is_free, save_directory, with_digest
from privaudit.training.loop import History
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import validation_part
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
    holdout_accuracy: float
    """On the non-members: what the model is worth on new texts."""
    truncated: int
    """How many members were longer than the model reads."""
    history: History


def train_bundle(
    data: Path,
    recipe: Recipe,
    *,
    output: Path,
    holdout: float = 0.5,
    columns: Columns | None = None,
    vocabulary_file: Path | None = None,
    progress: Progress = SILENT,
    max_seconds: float | None = None,
    device: str = "cpu",
) -> TrainReport:
    """Remove duplicates, flip the coins, train on the members, and save.

    Coins, validation part and model follow from ``recipe.seed``. The class list comes from the whole file,
    the vocabulary from the members alone or from ``vocabulary_file``.

    Args:
        data: CSV, TSV, JSONL or Parquet.
        recipe: what to train; ``hf`` gives a directory, everything else a bundle.
        output: the file or new directory to write.
        holdout: probability of a record (group) to be a non-member.
        columns: of ``data``.
        vocabulary_file: one word a line.
        progress: told once per step.
        max_seconds: no epoch begins after this time.
        device: a torch device.

    Raises:
        DataError: the file cannot be read, or a side or the class list would be too small.
        UsageError: the output cannot be written, the options do not fit, or the loss is not finite.
        ModelError: the pretrained directory is unusable.
    """
    _check_options(recipe, data, output, vocabulary_file)
    columns = columns or Columns()
    records = _read(data, columns)
    labels = _class_list(records)
    kept = distinct(records)
    pool = records.select(kept)
    split = _split(pool, recipe, holdout)
    vocabulary = None if vocabulary_file is None else Vocabulary.from_file(vocabulary_file)
    if vocabulary_file is not None:
        recipe = recipe.model_copy(update={"vocabulary": f"sha256:{file_sha256(vocabulary_file)}"})
    if recipe.architecture == "hf":
        recipe = with_digest(recipe)
    section = BundleData(
        file=_relative(data, output.parent),
        sha256=file_sha256(data),
        n_records=len(records),
        kept=kept,
        split=split,
        seed=recipe.seed,
        holdout=holdout,
        duplicates_removed=len(records) - len(pool),
        text_column=columns.text,
        label_column=columns.label,
        group_column=columns.group,
        id_column=columns.id,
    )
    sides = _sides(pool, split, labels)
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
        holdout_accuracy=_accuracy(model, sides[Side.NON_MEMBER]),
        truncated=model.truncated,
        history=model.history,
    )


def _check_options(recipe: Recipe, data: Path, output: Path, vocabulary_file: Path | None) -> None:
    """Refuse before the training what would fail after it."""
    if vocabulary_file is not None and (recipe.architecture == "hf" or recipe.embeddings == "characters"):
        raise UsageError("a model with a table of words", "--vocabulary for one without", "Drop --vocabulary")
    if not output.parent.is_dir():
        raise UsageError("an existing folder to write to", f"{output.parent}", "Create it, or change -o")
    if output.exists() and data.exists() and output.samefile(data):
        raise UsageError("an output file of its own", "the training data", "Change -o")
    if recipe.architecture == "hf" and not output_is_free(output):
        raise UsageError("a new or empty directory", f"{output}, which is in use", "Change -o")
    if recipe.architecture != "hf" and output.exists() and not output.is_file():
        # NOTE: the file is replaced in one step, and so would a pipe or a device be.
        kind = "directory" if output.is_dir() else "pipe or device"
        raise UsageError("a file to write", f"the {kind} {output}", "Change -o, for example to model.pt")


def _read(path: Path, columns: Columns) -> Records:
    records = read_records(
        path,
        text_column=columns.text,
        label_column=columns.label,
        group_column=columns.group,
        id_column=columns.id,
        member_column=columns.member,
    )
    if records.member is not None:
        raise DataError(
            "training data without a membership column, because seeded coins decide who is in",
            f"one in {path.name}",
            "Remove that column and the records that must stay out",
        )
    return records


def _class_list(records: Records) -> tuple[str, ...]:
    labels = tuple(sorted(set(records.labels)))
    if len(labels) < 2:
        raise DataError("records of at least two classes", f"{len(labels)}", "Check --label-column")
    return labels


def _split(pool: Records, recipe: Recipe, holdout: float) -> NDArray[np.uint8]:
    """The :class:`Side` of each record: coins first, then the validation part out of the members."""
    member = coin_split(pool.groups if pool.groups is not None else len(pool), holdout, recipe.seed)
    split = np.where(member, Side.MEMBER, Side.NON_MEMBER).astype(np.uint8)
    if recipe.early_stopping:
        units = pool.groups if pool.groups is not None else range(len(pool))
        split[validation_part(units, recipe.validation, recipe.seed) & member] = Side.VALIDATION
        for side in (Side.VALIDATION, Side.MEMBER):
            if not (split == side).any():
                raise DataError(
                    "members on both sides of the validation split",
                    f"{int(member.sum())} on one",
                    "Give more records, or train without early stopping",
                )
    return split


def _sides(pool: Records, split: NDArray[np.uint8], labels: tuple[str, ...]) -> dict[Side, Labelled]:
    index = {label: i for i, label in enumerate(labels)}
    sides = {}
    for side in Side:
        part = pool.select(split == side)
        sides[side] = Labelled(part.texts, np.array([index[label] for label in part.labels], dtype=np.int64))
    return sides


def _train(
    recipe: Recipe,
    sides: dict[Side, Labelled],
    labels: tuple[str, ...],
    vocabulary: Vocabulary | None,
    progress: Progress,
    max_seconds: float | None,
    device: str,
) -> Trained | FineTuned:
    members = sides[Side.MEMBER]
    validation = sides[Side.VALIDATION] if recipe.early_stopping else None
    if recipe.architecture == "hf":
        return fine_tune(
            recipe,
            members.texts,
            members.labels,
            labels,
            validation=validation,
            progress=progress,
            max_seconds=max_seconds,
            device=device,
        )
    return train(
        recipe,
        members.texts,
        members.labels,
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
