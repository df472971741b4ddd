"""Score tables: membership, label and scores of records in CSV, TSV, Parquet or NPZ, without a model."""

import csv
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from privaudit.errors import DataError, MissingExtraError
from privaudit.targets.digests import file_digest, one_line
from privaudit.targets.interface import Access, Floats, ModelInfo, ScoreTable
from privaudit.targets.score_arrays import read_score_arrays
from privaudit.targets.score_columns import (
    Codes,
    Faults,
    RowIds,
    ScoreChecks,
    ScoreColumns,
    choose_columns,
    class_indices,
    membership,
)

if TYPE_CHECKING:
    import pandas as pd

_BLOCK_ROWS = 1 << 15
_BLOCK_BYTES = 1 << 20


def read_score_table(
    path: Path,
    *,
    member_column: str | None = None,
    label_column: str | None = None,
    id_column: str | None = None,
    group_column: str | None = None,
    text_column: str | None = None,
) -> ScoreTable:
    """Read a table of model outputs for records whose membership is known.

    The score columns are ``logit_<class>``, or ``prob_<class>`` (rows sum to 1; a probability of exactly 0
    is taken as the smallest normal number, and ``extra`` says how many were). Labels are class names where
    all of them are, else indices in the order of the columns. CSV and Parquet are read in blocks: the peak is
    one table in float64 and one block.

    Args:
        path: ``.csv``, ``.tsv``, ``.parquet`` or ``.npz`` (what ``--signals`` writes is one).
        member_column: says 1/0, true/false, yes/no or in/out; ``member`` by default.
        label_column: ``label`` by default.
        id_column: ``id`` where the table has one.
        group_column: the unit of privacy; none by default.
        text_column: ``text`` where the table has one.

    Raises:
        DataError: what is wrong, in how many records, and in which one first.
        UnsafeModelError: an NPZ with pickled objects.
        MissingExtraError: Parquet without pyarrow.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise DataError(f"Can't read {path} ({one_line(error)})", "Check the path") from None
    if not head:
        raise DataError(f"{path.name} is empty", "Write or copy it again")
    if head.startswith(b"PK"):
        return read_score_arrays(path)
    source = _open_parquet(path) if head == b"PAR1" else _open_text(path)
    columns = choose_columns(
        source.names,
        member=member_column,
        label=label_column,
        id=id_column,
        group=group_column,
        text=text_column,
    )
    return _assemble(path, source, columns)


@dataclass(frozen=True)
class _Source:
    """A table whose columns are known and whose rows are still to be read."""

    loader: str
    names: list[str]
    most_rows: int
    blocks: "Callable[[ScoreColumns], Iterator[pd.DataFrame]]"


def _assemble(path: Path, source: _Source, columns: ScoreColumns) -> ScoreTable:
    """Fill arrays of the final size block by block, without a second copy of the table."""
    most = source.most_rows
    logits = np.empty((most, len(columns.scores)), dtype=np.float64)
    member, label = Codes(most), Codes(most)
    strings: dict[str, list[str]] = {
        name: [] for name in (columns.id, columns.group, columns.text) if name is not None
    }
    checks = ScoreChecks(columns.probabilities)
    n = 0
    for block in source.blocks(columns):
        stop = n + len(block)
        if stop > most:
            raise DataError(f"{path.name} mixes several kinds of line ends", "Save it again as CSV")
        logits[n:stop] = _numbers(block, columns.scores)
        checks.take(logits[n:stop])
        member.put(n, *block[columns.member].factorize())
        label.put(n, *block[columns.label].factorize())
        for name, values in strings.items():
            values.extend(block[name].fillna("").astype(str))
        n = stop
    if n == 0:
        raise DataError(f"{path.name} has a header but no records", "Write one line per record")
    checks.finish()
    clipped = f"{checks.clipped} probabilities of exactly 0 were taken as the smallest normal number"
    return ScoreTable(
        info=ModelInfo("scores", "score table", source.loader, (file_digest(path, path.parent),)),
        labels=columns.labels,
        ids=RowIds(n) if columns.id is None else _distinct(strings[columns.id]),
        member=membership(member.trimmed(n)),
        label=class_indices(label.trimmed(n), columns.labels),
        logits=logits[:n],
        access=Access.SCORE if columns.probabilities else Access.LOGITS,
        texts=None if columns.text is None else strings[columns.text],
        groups=None if columns.group is None else _filled(strings[columns.group]),
        extra={"clipped": clipped} if checks.clipped else {},
    )


def _numbers(block: "pd.DataFrame", names: tuple[str, ...]) -> Floats:
    """The score columns as float64; what is no number becomes NaN, which the checks count."""
    import pandas as pd

    scores = block[list(names)]
    if any(dtype.kind not in "fiu" for dtype in scores.dtypes):
        scores = scores.apply(pd.to_numeric, errors="coerce")
    return scores.to_numpy(dtype=np.float64, na_value=np.nan)


def _distinct(ids: list[str]) -> list[str]:
    repeated = len(ids) - len(set(ids))
    if repeated:
        raise DataError(f"{repeated} ids are repeated", "Name another column with --id-column")
    return _filled(ids)


def _filled(values: list[str]) -> list[str]:
    faults = Faults("have no id or group", "Fill the column in")
    faults.add(np.fromiter((not value for value in values), dtype=np.bool_, count=len(values)))
    faults.check()
    return values


def _open_text(path: Path) -> _Source:
    """A CSV or TSV file: the delimiter is the one most frequent in the header line."""
    header = _header_line(path)
    delimiter = max("\t,;", key=header.count)
    try:
        names = next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error as error:
        raise DataError(
            f"The header line of {path.name} is unreadable ({one_line(error)})",
            "Write the column names in line 1",
        ) from None
    return _Source(
        "pandas.read_csv, in blocks",
        names,
        _count_lines(path),
        lambda columns: _text_blocks(path, delimiter, columns),
    )


def _header_line(path: Path, limit: int = 1 << 20) -> str:
    with path.open("rb") as file:
        line = file.readline(limit)
    try:
        # NOTE: str.splitlines knows line ends that CSV does not, such as U+2028.
        return re.split("[\r\n]", line.decode("utf-8-sig"), maxsplit=1)[0]
    except UnicodeDecodeError:
        raise DataError(
            f"The header line of {path.name} is not UTF-8", "Save the table as UTF-8 CSV"
        ) from None


def _count_lines(path: Path) -> int:
    """An upper bound of the number of records: line ends, quoted ones included."""
    with path.open("rb") as file:
        end = b"\n" if b"\n" in file.read(_BLOCK_BYTES) else b"\r"
        file.seek(0)
        ends = 0
        while block := file.read(_BLOCK_BYTES):
            ends += block.count(end)
    return ends + 1


def _text_blocks(path: Path, delimiter: str, columns: ScoreColumns) -> "Iterator[pd.DataFrame]":
    import pandas as pd

    texts = {name: str for name in (columns.id, columns.group, columns.text) if name is not None}
    if not all(name.isdigit() and str(int(name)) == name for name in columns.labels):
        # NOTE: left to guess, pandas reads the label "007" as 7.
        texts[columns.label] = str
    try:
        with warnings.catch_warnings():
            # NOTE: pandas only warns when lines are longer than the header, and drops the rest; with usecols,
            # it would not even warn.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            with pd.read_csv(
                path, sep=delimiter, dtype=texts, chunksize=_BLOCK_ROWS, index_col=False,
                keep_default_na=False, low_memory=False, encoding="utf-8",
            ) as reader:  # fmt: skip
                yield from reader
    except (pd.errors.ParserError, pd.errors.ParserWarning, UnicodeDecodeError, ValueError) as error:
        raise DataError(
            f"{path.name} is not a UTF-8 table with equally many fields per line ({one_line(error)})",
            "Save it again as CSV",
        ) from None


def _open_parquet(path: Path) -> _Source:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", "reading Parquet files") from None

    def blocks(columns: ScoreColumns) -> "Iterator[pd.DataFrame]":
        try:
            for batch in file.iter_batches(batch_size=_BLOCK_ROWS, columns=columns.all):
                yield batch.to_pandas()
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from None

    try:
        # NOTE: pre-buffering would hold a whole row group, often the whole file.
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=_BLOCK_BYTES)
        return _Source(
            "pyarrow.parquet, in blocks", list(file.schema_arrow.names), file.metadata.num_rows, blocks
        )
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name} is a damaged Parquet file ({one_line(error)})", "Write or copy it again")
