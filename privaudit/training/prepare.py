"""From a request to what training needs: who is trained on, with which classes, words and recipe."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from privaudit.data.readers import file_sha256
from privaudit.training.bundle_data import BundleData, RecordUse
from privaudit.training.canaries import TrainingCanaries, read_canaries
from privaudit.training.division import (
    NO_POSITIONS,
    class_list,
    divide,
    joined,
    read_class_list,
    read_undivided,
)
from privaudit.training.hf import with_digest
from privaudit.training.private.claim import private_recipe
from privaudit.training.recipe import Recipe
from privaudit.training.request import TrainingRequest
from privaudit.training.text import HashedVocabulary, Vocabulary, hashed_vocabulary
from privaudit.training.trainer import Labelled


@dataclass(frozen=True, eq=False)
class PreparedTraining:
    """What :func:`prepare` made of a request."""

    recipe: Recipe
    """With the mechanism of a private run, and the digests of the files it uses."""
    labels: tuple[str, ...]
    sides: dict[RecordUse, Labelled]
    trained_on: Labelled
    """The members, then the copies of canaries."""
    vocabulary: Vocabulary | HashedVocabulary | None
    """None where the trainer takes the words of the texts, and for ``hf``."""
    section: BundleData
    n_copies: int | None
    """None without a manifest."""
    grouped: bool


def prepare(request: TrainingRequest) -> PreparedTraining:
    """Remove duplicates, flip the coins, and settle classes, words and recipe.

    Raises:
        DataError: the file cannot be read, a side or the class list would be too small, or the manifest does
            not fit the data.
        UsageError: the options of a private run do not fit.
        ModelError: the pretrained directory is unusable.
    """
    recipe = request.recipe
    records, digest = read_undivided(request.data, request.columns), file_sha256(request.data)
    canaries = None
    if request.manifest is not None:
        canaries = read_canaries(request.manifest, request.data, digest, records)
        canaries.check_length(recipe.max_length)
    read = class_list if request.labels_file is None else partial(read_class_list, request.labels_file)
    labels = read(records, () if canaries is None else canaries.labels)
    division = divide(
        records, NO_POSITIONS if canaries is None else canaries.positions, recipe, request.holdout
    )
    sides = division.sides(records, labels)
    trained_on = joined(sides[RecordUse.MEMBER], sides[RecordUse.CANARY])
    if request.privacy is not None:
        recipe = private_recipe(recipe, request.privacy, len(trained_on.texts))
    vocabulary = _vocabulary(recipe, request.vocabulary_file, canaries, sides[RecordUse.MEMBER])
    if request.vocabulary_file is not None:
        recipe = recipe.model_copy(update={"vocabulary": f"sha256:{file_sha256(request.vocabulary_file)}"})
    if recipe.architecture == "hf":
        recipe = with_digest(recipe)
    section = BundleData(
        file=_relative(request.data, request.output.parent),
        sha256=digest,
        n_records=len(records),
        kept=division.kept,
        split=division.split,
        seed=recipe.seed,
        holdout=float(request.holdout),
        duplicates_removed=division.duplicates_removed,
        text_column=request.columns.text,
        label_column=request.columns.label,
        group_column=request.columns.group,
        id_column=request.columns.id,
        canaries=None if canaries is None else canaries.file,
    )
    n_copies = None if canaries is None else len(canaries.positions)
    grouped = records.groups is not None
    return PreparedTraining(recipe, labels, sides, trained_on, vocabulary, section, n_copies, grouped)


def _vocabulary(
    recipe: Recipe, file: Path | None, canaries: TrainingCanaries | None, members: Labelled
) -> Vocabulary | HashedVocabulary | None:
    if file is not None:
        return Vocabulary.from_file(file)
    if recipe.privacy is not None and recipe.embeddings == "characters":
        return Vocabulary(())
    if canaries is None or recipe.architecture == "hf":
        return None
    return hashed_vocabulary(recipe.vocabulary) or canaries.vocabulary(members.texts, recipe)


def _relative(data: Path, folder: Path) -> str:
    """``data`` seen from ``folder``, with forward slashes; the whole path where no relative one exists."""
    try:
        return Path(os.path.relpath(data.resolve(), folder.resolve())).as_posix()
    except ValueError:
        # NOTE: Windows has no path from one drive to another.
        return data.resolve().as_posix()
