"""Who is trained on: the data without duplicates, split by coin flips, canaries set apart."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privaudit.data.columns import Columns
from privaudit.data.duplicates import distinct
from privaudit.data.readers import read_records
from privaudit.data.records import Records
from privaudit.data.splits import coin_split
from privaudit.errors import DataError
from privaudit.targets.interface import Ints
from privaudit.training.bundle_data import RecordUse
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import validation_part
from privaudit.training.trainer import Labelled

NO_POSITIONS: Ints = np.empty(0, dtype=np.int64)
"""No positions."""


@dataclass(frozen=True, eq=False)
class Division:
    """The use of each record of a file."""

    kept: Ints
    """``[k]`` increasing positions in the file: what is left without duplicates, and all canaries' copies."""
    split: NDArray[np.uint8]
    """``[k]`` :class:`RecordUse` of each kept record."""
    duplicates_removed: int

    def sides(self, records: Records, labels: tuple[str, ...]) -> dict[RecordUse, Labelled]:
        """The texts of every side, in file order.

        Args:
            records: all of the file.
            labels: class names by index.
        """
        index = {label: i for i, label in enumerate(labels)}
        found = {}
        for side in RecordUse:
            part = records.select(self.kept[self.split == side])
            classes = np.array([index[label] for label in part.labels], dtype=np.int64)
            found[side] = Labelled(part.texts, classes)
        return found


def read_undivided(path: Path, columns: Columns) -> Records:
    """Read records that coins will split.

    Raises:
        DataError: the file cannot be read, or already says who is in.
    """
    records = read_records(path, columns)
    if records.member is not None:
        raise DataError(
            f"{path.name} has a membership column, but seeded coins decide who is in",
            "Remove that column and the records that must stay out",
        )
    return records


def divide(records: Records, copies: Ints, recipe: Recipe, holdout: float) -> Division:
    """Remove duplicates, and flip the coins.

    Copies of canaries are set apart first: they do not count as duplicates and flip no coin, and all other
    records get the coins that they would have without them.

    Args:
        records: all of the file.
        copies: increasing positions of copies of canaries.
        recipe: gives the seed, and whether members are set aside for validation.
        holdout: probability of a record (group) to be a non-member.

    Raises:
        DataError: a side would be too small.
        UsageError: ``holdout`` is not a probability.
    """
    ordinary = np.delete(np.arange(len(records)), copies)
    kept = ordinary[distinct(records.select(ordinary))]
    split = _split(records.select(kept), recipe, holdout)
    positions = np.concatenate([kept, copies])
    sides = np.concatenate([split, np.full(len(copies), RecordUse.CANARY, np.uint8)])
    order = np.argsort(positions)
    return Division(positions[order], sides[order], len(ordinary) - len(kept))


def class_list(records: Records, more: Collection[str] = ()) -> tuple[str, ...]:
    """The classes of all records, members or not, and ``more``, in code point order.

    Raises:
        DataError: there are fewer than two.
    """
    labels = tuple(sorted({*records.labels, *more}))
    if len(labels) < 2:
        raise DataError(
            f"Training needs at least two classes, but the data have {len(labels)}", "Check --label-column"
        )
    return labels


def read_class_list(path: Path, records: Records, more: Collection[str] = ()) -> tuple[str, ...]:
    """The classes of a file with one a line, in its order, then those of ``more`` that it lacks.

    Raises:
        DataError: the file cannot be read, has fewer than two classes, one twice, or lacks one of a record.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as failure:
        raise DataError(
            f"Cannot read the classes in {path.name} ({type(failure).__name__})",
            "Check --labels: a UTF-8 file, one class a line",
        ) from None
    given = [line for line in lines if line]
    if len(given) < 2 or len(set(given)) < len(given):
        raise DataError(
            f"{path.name} lists {len(given)} classes, {len(set(given))} of them distinct",
            "List two or more distinct classes, one a line",
        )
    missing = sorted(set(records.labels).difference(given, more))
    if missing:
        raise DataError(
            f"The data have a class that {path.name} lacks: {missing[0][:40]!r}",
            "Add it, or correct the data",
        )
    return (*given, *sorted(set(more).difference(given)))


def joined(first: Labelled, second: Labelled) -> Labelled:
    """The texts of ``first``, then those of ``second``."""
    return Labelled([*first.texts, *second.texts], np.concatenate([first.labels, second.labels]))


def _split(pool: Records, recipe: Recipe, holdout: float) -> NDArray[np.uint8]:
    """The :class:`RecordUse` of each record: coins first, then the validation part out of the members."""
    member = coin_split(pool.groups if pool.groups is not None else len(pool), holdout, recipe.seed)
    split = np.where(member, RecordUse.MEMBER, RecordUse.NON_MEMBER).astype(np.uint8)
    if recipe.early_stopping:
        units = pool.groups if pool.groups is not None else range(len(pool))
        split[validation_part(units, recipe.validation, recipe.seed) & member] = RecordUse.VALIDATION
        for side in (RecordUse.VALIDATION, RecordUse.MEMBER):
            if not (split == side).any():
                raise DataError(
                    f"The validation split left all {int(member.sum())} members on one side",
                    "Give more records, or train without early stopping",
                )
    return split
