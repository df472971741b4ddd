"""Who is trained on: the data without duplicates, divided by coins, canaries set apart."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privaudit.data.audit_set import Columns
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

NONE: Ints = np.empty(0, dtype=np.int64)
"""No positions."""


@dataclass(frozen=True, eq=False)
class Division:
    """What each record of a file is used for."""

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
    """Read records that coins will divide.

    Raises:
        DataError: the file cannot be read, or says itself who is in.
    """
    records = read_records(path, columns)
    if records.member is not None:
        raise DataError(
            "data without a membership column, because seeded coins decide who is in",
            f"one in {path.name}",
            "Remove that column and the records that must stay out",
        )
    return records


def divide(records: Records, copies: Ints, recipe: Recipe, holdout: float) -> Division:
    """Remove duplicates, and flip the coins.

    Copies of canaries are set apart first: they are no duplicates and flip no coin, and all other records get
    the coins that they would have without them.

    Args:
        records: all of the file.
        copies: increasing positions of copies of canaries.
        recipe: gives the seed, and whether members are set aside for validation.
        holdout: probability of a record (group) to be a non-member.

    Raises:
        DataError: a side would be too small.
        UsageError: ``holdout`` is no probability.
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
        raise DataError("records of at least two classes", f"{len(labels)}", "Check --label-column")
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
            "a UTF-8 file of classes", f"{path.name} ({type(failure).__name__})", "Check --labels"
        ) from None
    given = [line for line in lines if line]
    if len(given) < 2 or len(set(given)) < len(given):
        found = f"{len(given)} of which {len(set(given))} differ in {path.name}"
        raise DataError("two or more different classes, one a line", found, "Correct that file")
    missing = sorted(set(records.labels).difference(given, more))
    if missing:
        raise DataError(
            f"only classes of {path.name} in the data", repr(missing[0][:40]), "Add it, or correct the data"
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
                    "members on both sides of the validation split",
                    f"{int(member.sum())} on one",
                    "Give more records, or train without early stopping",
                )
    return split
