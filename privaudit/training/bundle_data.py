"""What a trained model records about its data: which file, and who was trained on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from privaudit.errors import ModelError
from privaudit.targets.interface import Ints

T = TypeVar("T")

RETRAIN = 'Train the model again with "privaudit train"'


class RecordUse(IntEnum):
    """Use of a record; the value is stored in the bundle."""

    NON_MEMBER = 0
    MEMBER = 1
    VALIDATION = 2
    """Used for early stopping: neither trained on nor unseen."""
    CANARY = 3
    """A planted copy: trained on, and left out of membership inference."""


@dataclass(frozen=True)
class ManifestFile:
    """The manifest of canaries that a model was trained with, whether or not they were in its data."""

    file: str
    """File name."""
    sha256: str

    @classmethod
    def from_plain(cls, plain: object) -> "ManifestFile":
        """Read it from a bundle.

        Raises:
            ModelError: a field is missing or of a wrong type.
        """
        section = typed(plain, dict, "a manifest of canaries")
        return cls(field(section, "file", str), field(section, "sha256", str))


@dataclass(frozen=True, eq=False)
class BundleData:
    """The ``data`` section of a bundle."""

    file: str
    """Path of the training file relative to the bundle's folder, with forward slashes."""
    sha256: str
    n_records: int
    """Records in the file."""
    kept: Ints
    """``[k]`` increasing positions in the file of the records that were left after removing duplicates; all
    copies of canaries are."""
    split: NDArray[np.uint8]
    """``[k]`` :class:`RecordUse` of each kept record."""
    seed: int
    """Seed of the coins."""
    holdout: float
    """Probability of a record (group) to be a non-member."""
    duplicates_removed: int
    text_column: str | None = None
    """Column names as given for training; None where the usual names were looked for."""
    label_column: str | None = None
    group_column: str | None = None
    id_column: str | None = None
    canaries: ManifestFile | None = None
    """None also in bundles of older versions."""

    def positions(self, side: RecordUse) -> Ints:
        """Positions in the file of the records on ``side``."""
        found: Ints = self.kept[self.split == side]
        return found

    @property
    def members(self) -> Ints:
        """Positions in the file of the ordinary records that were trained on."""
        return self.positions(RecordUse.MEMBER)

    @property
    def nonmembers(self) -> Ints:
        """Positions in the file of the records that training never saw."""
        return self.positions(RecordUse.NON_MEMBER)

    def path(self, bundle: Path) -> Path:
        """Where the training file is, if neither it nor ``bundle`` was moved."""
        return bundle.parent / self.file

    def to_plain(self) -> dict[str, object]:
        """Plain values and two tensors, for :meth:`from_plain`."""
        arrays = {
            "kept": torch.from_numpy(self.kept.astype(np.int64)),
            "split": torch.from_numpy(self.split.astype(np.uint8)),
        }
        canaries = None if self.canaries is None else asdict(self.canaries)
        return {**vars(self), **arrays, "canaries": canaries}

    @classmethod
    def from_plain(cls, plain: object) -> "BundleData":
        """Read the output of :meth:`to_plain`, also with lists in place of tensors.

        Raises:
            ModelError: a field is missing, of a wrong type, or contradicts another.
        """
        section = typed(plain, dict, "a data section")
        canaries = section.get("canaries")
        names: dict[str, str | None] = {name: field(section, name, (str, type(None))) for name in _COLUMNS}
        data = cls(
            file=field(section, "file", str),
            sha256=field(section, "sha256", str),
            n_records=field(section, "n_records", int),
            kept=_integers(section, "kept").astype(np.int64),
            split=_integers(section, "split").astype(np.uint8),
            seed=field(section, "seed", int),
            holdout=field(section, "holdout", float),
            duplicates_removed=field(section, "duplicates_removed", int),
            canaries=None if canaries is None else ManifestFile.from_plain(canaries),
            **names,
        )
        data._check(_integers(section, "split"))
        return data

    def _check(self, split: NDArray[np.int64]) -> None:
        if len(self.kept) != len(split) or len(split) == 0:
            raise ModelError(
                f"data.kept has {len(self.kept)} records in the model file, but data.split has {len(split)}",
                RETRAIN,
            )
        if self.kept[0] < 0 or self.kept[-1] >= self.n_records or (np.diff(self.kept) <= 0).any():
            raise ModelError(
                f"data.kept in the model file must increase, from 0 or more to below {self.n_records}",
                RETRAIN,
            )
        if not np.isin(split, list(RecordUse)).all():
            raise ModelError("data.split in the model file has values other than 0, 1, 2 and 3", RETRAIN)


_COLUMNS = ("text_column", "label_column", "group_column", "id_column")


def typed(value: object, kind: type[T] | tuple[type, ...], name: str) -> T:
    """``value``, if it has the type ``kind``; a bool does not count as a number.

    Raises:
        ModelError: it is not.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        wanted = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        raise ModelError(f"In the model file, {name} has type {type(value).__name__}, not {wanted}", RETRAIN)
    return value  # type: ignore[return-value]


def field(section: Mapping[str, object], name: str, kind: type[T] | tuple[type, ...]) -> T:
    """The entry ``name`` of a section, of the type ``kind``.

    Raises:
        ModelError: it is missing or of another type.
    """
    if name not in section:
        raise ModelError(f"The model file has no entry {name!r}", RETRAIN)
    return typed(section[name], kind, name)


def _integers(section: Mapping[str, object], name: str) -> NDArray[np.int64]:
    values: torch.Tensor | list[object] = field(section, name, (torch.Tensor, list))
    if isinstance(values, list):
        whole = all(type(value) is int and abs(value) < 2**63 for value in values)
        values = torch.tensor(values if whole else [[0.5]], dtype=None if not whole else torch.int64)
    if values.ndim != 1 or values.is_floating_point() or values.is_complex() or values.dtype == torch.bool:
        raise ModelError(f"{name} in the model file is not a row of whole numbers", RETRAIN)
    return values.to(torch.int64).numpy()
