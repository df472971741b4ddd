"""The columns of a score table, and how values in them become membership, classes and logits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import DataError
from privaudit.targets.interface import Floats, Ints

TINY = float(np.finfo(np.float64).tiny)
SUM_TOLERANCE = 1e-3
MEMBERSHIP = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "in", "member", "t", "y"), True),
    **dict.fromkeys(("0", "0.0", "false", "no", "out", "non-member", "nonmember", "f", "n"), False),
}
"""What a membership column may say, in lower case."""


@dataclass(frozen=True)
class ScoreColumns:
    """The columns of one table that are read."""

    member: str
    label: str
    scores: tuple[str, ...]
    """``logit_…`` or ``prob_…``, in file order."""
    labels: tuple[str, ...]
    """What follows the prefix: the class names."""
    probabilities: bool
    id: str | None
    group: str | None
    text: str | None

    @property
    def all(self) -> list[str]:
        """Every column that is read, without repetition."""
        named = [self.member, self.label, self.id, self.group, self.text, *self.scores]
        return list(dict.fromkeys(name for name in named if name is not None))


def choose_columns(
    names: Sequence[str],
    *,
    member: str | None = None,
    label: str | None = None,
    id: str | None = None,  # noqa: A002 (the name of the option)
    group: str | None = None,
    text: str | None = None,
) -> ScoreColumns:
    """Find the columns among ``names``: those asked for, else ``member``, ``label``, ``id`` and ``text``.

    Raises:
        DataError: a column is missing or named twice, or the scores are not of one kind and two classes.
    """
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"Two columns are called {repeated[0]!r}", "Rename one of them")
    logits = [name for name in names if name.startswith("logit_")]
    probabilities = [name for name in names if name.startswith("prob_")]
    if bool(logits) == bool(probabilities):
        raise DataError(
            "The table has both logit_<class> and prob_<class> columns"
            if logits
            else f"No logit_<class> or prob_<class> among the columns {_few(names)}",
            "Remove one kind" if logits else "Write one column per class, such as logit_0, logit_1",
        )
    scores = logits or probabilities
    if len(scores) < 2:
        raise DataError(
            f"The table has only one score column, {scores[0]}", "Write one column per class, at least 2"
        )
    return ScoreColumns(
        member=_required(names, member, "member", "--member-column"),
        label=_required(names, label, "label", "--label-column"),
        scores=tuple(scores),
        labels=tuple(name.split("_", 1)[1] for name in scores),
        probabilities=not logits,
        id=_optional(names, id, "id", "--id-column"),
        group=_optional(names, group, None, "--group-column"),
        text=_optional(names, text, "text", "--text-column"),
    )


def _required(names: Sequence[str], asked: str | None, default: str, flag: str) -> str:
    name = asked or default
    if name not in names:
        raise DataError(f"No column {name!r} among {_few(names)}", f"Name it with {flag}")
    return name


def _optional(names: Sequence[str], asked: str | None, default: str | None, flag: str) -> str | None:
    if asked is not None:
        return _required(names, asked, asked, flag)
    return default if default in names else None


def _few(names: Sequence[str], limit: int = 8) -> str:
    # NOTE: a file without a header has a record where names belong, which no message repeats.
    shown = ["…" if name.count(" ") > 1 else name[:40] for name in names[:limit]]
    return ", ".join(shown) + (", …" if len(names) > limit else "")


@dataclass
class Faults:
    """Counts records with one kind of fault over the blocks of a table, to raise once at the end."""

    fault: str
    """What such records have, after "3 of 10 records"."""
    mend: str
    count: int = 0
    first: int | None = None
    """Record number of the first one, from 1."""
    total: int = 0

    def add(self, bad: NDArray[np.bool_]) -> None:
        """Take in the next block: ``bad`` is true where a record has the fault."""
        if bad.any():
            self.count += int(bad.sum())
            if self.first is None:
                self.first = self.total + int(bad.argmax()) + 1
        self.total += len(bad)

    def check(self) -> None:
        """Raise if any record had the fault.

        Raises:
            DataError: with the count and the first record's number.
        """
        if self.count:
            where = f"{self.count} of {self.total} records"
            raise DataError(f"{where} {self.fault}, first record {self.first}", self.mend)


@dataclass
class ScoreChecks:
    """Validates blocks of scores in place and makes logits of them."""

    probabilities: bool
    clipped: int = 0
    """Probabilities of exactly zero that were raised to the smallest normal number."""
    _faults: list[Faults] = field(init=False)

    def __post_init__(self) -> None:
        kind = "probabilities" if self.probabilities else "logits"
        self._faults = [Faults(f"have {kind} that are not finite", "Remove or recompute these records")]
        if self.probabilities:
            self._faults += [
                Faults(
                    "have probabilities outside 0 to 1", "Write logits into columns logit_<class> instead"
                ),
                Faults(
                    "have probabilities that do not sum to 1 (within 0.001)",
                    "Write one column for every class",
                ),
            ]

    def take(self, block: Floats) -> None:
        """Check the ``[m, C]`` block and turn probabilities into logarithms in place."""
        finite: NDArray[np.bool_] = np.asarray(np.isfinite(block).all(axis=1))
        self._faults[0].add(~finite)
        if not self.probabilities:
            return
        with np.errstate(invalid="ignore"):
            # NOTE: rows with NaN or infinity have their own fault.
            self._faults[1].add(finite & ((block < 0) | (block > 1)).any(axis=1))
            self._faults[2].add(finite & (np.abs(block.sum(axis=1) - 1) > SUM_TOLERANCE))
            self.clipped += int((block == 0).sum())
            np.log(np.maximum(block, TINY, out=block), out=block)

    def finish(self) -> None:
        """Raise for the first kind of fault that was seen.

        Raises:
            DataError: with the count and the first record's number.
        """
        for faults in self._faults:
            faults.check()


class Codes:
    """Integer codes for the distinct values of a column, collected block by block."""

    def __init__(self, n: int) -> None:
        self.codes: NDArray[np.int32] = np.empty(n, dtype=np.int32)
        self.values: list[str] = []
        """Distinct values as text, in order of appearance."""
        self._code_of: dict[str, int] = {}

    def put(self, start: int, codes: NDArray[np.intp], uniques: Iterable[object]) -> None:
        """Store one block at ``start``: ``codes`` number the ``uniques``, -1 is a missing value."""
        table = np.array([self._code(value) for value in uniques] + [self._code("")], dtype=np.int32)
        self.codes[start : start + len(codes)] = table[codes]

    def trimmed(self, n: int) -> "Codes":
        """The same with the first ``n`` records alone."""
        self.codes = self.codes[:n]
        return self

    def _code(self, value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = str(value).strip()
        if text not in self._code_of:
            self._code_of[text] = len(self.values)
            self.values.append(text)
        return self._code_of[text]


def membership(column: Codes) -> NDArray[np.bool_]:
    """Membership from a column that says 1/0, true/false, yes/no, in/out or member/non-member.

    Raises:
        DataError: another value, or one side only.
    """
    faults = Faults("have an unknown membership", "Write 1/0, true/false, yes/no or in/out in that column")
    said = [MEMBERSHIP.get(value.lower()) for value in column.values]
    faults.add(np.array([flag is None for flag in said], dtype=np.bool_)[column.codes])
    faults.check()
    member = np.array(said, dtype=np.bool_)[column.codes]
    if member.all() or not member.any():
        raise DataError(
            f"The table has no {'non-' if member.any() else ''}members among its {len(member)} records",
            "Add records that were not in the training data"
            if member.any()
            else "Add records that were in the training data",
        )
    return member


def class_indices(column: Codes, names: Sequence[str]) -> Ints:
    """Class indices of a label column: by name where every label is a class name, else by index.

    Raises:
        DataError: a label is neither a name nor an index in ``0 … C-1``.
    """
    used = np.unique(column.codes)
    present = {column.values[code] for code in used}
    if present <= set(names):
        position = {name: i for i, name in enumerate(names)}
    else:
        # NOTE: an integer column with a gap is written as 0.0, 1.0.
        position = {text: i for i in range(len(names)) for text in (str(i), f"{i}.0")}
    faults = Faults(
        "have an unknown label",
        f"Write class names ({_few(names, 5)}) or 0 to {len(names) - 1}, or rename the score columns",
    )
    found = [position.get(value) for value in column.values]
    faults.add(np.array([index is None for index in found], dtype=np.bool_)[column.codes])
    faults.check()
    return np.array([index or 0 for index in found], dtype=np.int64)[column.codes]


@dataclass(frozen=True)
class RowIds(Sequence[str]):
    """``row-1`` … ``row-n``, made when asked for."""

    n: int

    def __len__(self) -> int:
        return self.n

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [f"row-{i + 1}" for i in range(*index.indices(self.n))]
        return f"row-{range(self.n)[index] + 1}"

    def __iter__(self) -> Iterator[str]:
        # NOTE: the inherited iterator calls __getitem__ for each of a million rows.
        return (f"row-{i}" for i in range(1, self.n + 1))
