"""Score tables in NumPy's NPZ, among them the files that ``--signals`` writes."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import DataError, UnsafeModelError
from privaudit.targets.digests import file_digest, one_line
from privaudit.targets.interface import Access, Floats, ModelInfo, ScoreTable
from privaudit.targets.score_columns import Codes, RowIds, ScoreChecks, class_indices, membership

_SCORES = {"target_logits": False, "logits": False, "probabilities": True}
"""Names of the score array, and whether it holds probabilities."""
_Array = NDArray[np.generic]


def read_score_arrays(path: Path) -> ScoreTable:
    """Read ``member`` [n], ``label`` [n] and ``target_logits``, ``logits`` or ``probabilities`` [n, C].

    Read where present: ``ids``, ``groups``, ``texts`` [n], ``class_names`` [C],
    ``reference_logits`` [k, n, C] with ``reference_in`` [k, n]. Other arrays, such as ``scores__<attack>``,
    are left alone.

    Raises:
        UnsafeModelError: an array holds pickled objects.
        DataError: an array is missing, damaged, or of the wrong shape or content.
    """
    try:
        # NOTE: given a path, NumPy leaves the file open when it is damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            wanted = {"member", "label", "ids", "groups", "texts", "class_names", *_SCORES}
            wanted |= {"reference_logits", "reference_in"}
            arrays = {name: archive[name] for name in archive.files if name in wanted}
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise UnsafeModelError(
                f"{path.name} holds pickled objects, which can run code",
                "Save numbers and strings as arrays of dtype float, int, bool or str",
            ) from None
        raise _damaged(path, error) from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError, NotImplementedError) as error:
        raise _damaged(path, error) from None
    return _assemble(path, arrays)


def _assemble(path: Path, arrays: Mapping[str, _Array]) -> ScoreTable:
    found = [name for name in _SCORES if name in arrays]
    missing = [name for name in ("member", "label") if name not in arrays]
    if len(found) != 1 or missing:
        raise DataError(
            f"{path.name} holds {', '.join(sorted(arrays)) or 'no known arrays'}",
            "Save member, label and one of target_logits, logits or probabilities",
        )
    probabilities = _SCORES[found[0]]
    logits = _scores(arrays[found[0]], found[0], probabilities)
    n, classes = logits.shape
    checks = ScoreChecks(probabilities)
    checks.take(logits)
    checks.finish()
    names = _strings(arrays, "class_names", classes) or [str(i) for i in range(classes)]
    ids = _strings(arrays, "ids", n)
    clipped = f"{checks.clipped} probabilities of exactly 0 were taken as the smallest normal number"
    references = _references(arrays, n, classes)
    return ScoreTable(
        info=ModelInfo(
            "scores", "score table", "numpy.load(allow_pickle=False)", (file_digest(path, path.parent),)
        ),
        labels=tuple(names),
        ids=RowIds(n) if ids is None else ids,
        member=membership(_codes(arrays["member"], "member", n)),
        label=class_indices(_codes(arrays["label"], "label", n), names),
        logits=logits,
        access=Access.SCORE if probabilities else Access.LOGITS,
        texts=_strings(arrays, "texts", n),
        groups=_strings(arrays, "groups", n),
        reference_logits=None if references is None else references[0],
        reference_in=None if references is None else references[1],
        extra={"clipped": clipped} if checks.clipped else {},
    )


def _scores(array: _Array, name: str, probabilities: bool) -> Floats:
    """The scores as float64 ``[n, C]``; a copy, because probabilities are changed in place."""
    if array.dtype.kind not in "fiu" or array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2:
        raise _wrong(name, "numbers [n, C] with two classes or more", array)
    return array.astype(np.float64, copy=probabilities)


def _codes(array: _Array, name: str, n: int) -> Codes:
    """Distinct values of a column ``[n]`` of truth values, numbers or strings."""
    if array.shape != (n,) or array.dtype.kind not in "biufU":
        raise _wrong(name, f"one value per record [{n}]", array)
    uniques, codes = np.unique(array, return_inverse=True)
    column = Codes(n)
    column.put(0, codes, uniques.tolist())
    return column


def _strings(arrays: Mapping[str, _Array], name: str, n: int) -> list[str] | None:
    if name not in arrays:
        return None
    array = arrays[name]
    if array.shape != (n,) or array.dtype.kind not in "Uiu":
        raise _wrong(name, f"{n} strings", array)
    values = [str(value) for value in array.tolist()]
    if name in ("ids", "class_names") and len(set(values)) < n:
        raise DataError(f"{n - len(set(values))} of the {name} are repeated", f"Make {name} unique")
    return values


def _references(
    arrays: Mapping[str, _Array], n: int, classes: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
    """Reference logits ``[k, n, C]`` and membership ``[k, n]``: both or neither."""
    logits, member = arrays.get("reference_logits"), arrays.get("reference_in")
    if logits is None and member is None:
        return None
    if logits is None or member is None:
        raise DataError("Only one of reference_logits and reference_in is there", "Save both, or neither")
    if logits.dtype.kind != "f" or logits.ndim != 3 or logits.shape[1:] != (n, classes):
        raise _wrong("reference_logits", f"numbers [k, {n}, {classes}]", logits)
    if member.dtype.kind != "b" or member.shape != logits.shape[:2]:
        raise _wrong("reference_in", f"truth values {list(logits.shape[:2])}", member)
    if not np.isfinite(logits).all():
        raise DataError("reference_logits holds NaN or infinity", "Remove the reference models concerned")
    return logits.astype(np.float32, copy=False), member.astype(np.bool_, copy=False)


def _wrong(name: str, expected: str, array: _Array) -> DataError:
    return DataError(f"The array {name} is {array.dtype} {list(array.shape)}", f"Save it as {expected}")


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name} is a damaged NPZ file ({one_line(error)})", "Write or copy it again")
