"""The records of an audit: who is a member, who is not, and how that came to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from privaudit.data.columns import Columns as Columns
from privaudit.data.duplicates import remove_shared
from privaudit.data.readers import file_sha256, read_records
from privaudit.data.records import Records
from privaudit.errors import DataError, UsageError
from privaudit.files import FileDigest

Source = Literal["bundle-split", "files", "membership-column", "score-table"]


@dataclass(frozen=True, eq=False)
class AuditSet:
    """n records with known membership."""

    records: Records
    member: NDArray[np.bool_]
    """``[n]``."""
    source: Source
    files: tuple[FileDigest, ...]
    exact_removed: int = 0
    """Records dropped because their text stands in both sets."""
    randomised: bool = False
    """Membership was decided by recorded, independent, seeded coins."""
    holdout: float | None = None
    split_seed: int | None = None


def from_files(members: Path, nonmembers: Path, columns: Columns) -> AuditSet:
    """Members and non-members from two files; texts that occur in both are removed from both.

    Raises:
        DataError: a file cannot be read, or too little is left on a side.
    """
    inside, outside = (read_records(path, columns) for path in (members, nonmembers))
    kept = remove_shared(inside, outside)
    joined = _concatenate(kept.members, kept.nonmembers)
    member = np.arange(len(joined)) < len(kept.members)
    removed = len(inside) + len(outside) - len(joined)
    return _checked(AuditSet(joined, member, "files", _files(members, nonmembers), exact_removed=removed))


def from_membership_column(data: Path, columns: Columns) -> AuditSet:
    """Members and non-members from one file with a membership column.

    Raises:
        DataError: the file cannot be read, has no membership column, or too little is left on a side.
    """
    records = read_records(data, columns)
    if records.member is None:
        raise DataError(
            f"{data.name} has no membership column (member, with 1 or 0)",
            "Name it with --member-column, or give --members and --nonmembers",
        )
    kept = remove_shared(records.select(records.member), records.select(~records.member))
    joined = _concatenate(kept.members, kept.nonmembers)
    member = np.arange(len(joined)) < len(kept.members)
    removed = len(records) - len(joined)
    return _checked(AuditSet(joined, member, "membership-column", _files(data), exact_removed=removed))


def from_split(
    data: Path,
    *,
    sha256: str,
    kept: NDArray[np.int64],
    split: NDArray[np.uint8],
    columns: Columns,
    holdout: float,
    seed: int,
    exact_removed: int,
) -> AuditSet:
    """Members and non-members as a training run recorded them: nothing to name, nothing to guess.

    Args:
        data: the training file.
        sha256: its digest at training time.
        kept: positions in the file that survived de-duplication.
        split: per kept record 0 non-member, 1 member, else neither (2 validation, 3 planted canary).
        columns: as used in training.
        holdout: probability of the coin.
        seed: seed of the coins.
        exact_removed: duplicates dropped before the coins were flipped.

    Raises:
        DataError: the file has moved or its bytes changed.
    """
    records = recorded_records(data, sha256, columns).select(kept)
    audited = split <= 1
    return _checked(
        AuditSet(
            records.select(audited),
            split[audited] == 1,
            "bundle-split",
            _files(data),
            exact_removed=exact_removed,
            randomised=True,
            holdout=holdout,
            split_seed=seed,
        )
    )


def recorded_records(data: Path, sha256: str, columns: Columns) -> Records:
    """All records of a training file that a model's file names.

    Raises:
        DataError: the file has moved or its bytes changed.
    """
    if not data.is_file():
        raise DataError(f"No training data at {data}", "Say where it is with --data")
    found = file_sha256(data)
    if found != sha256:
        raise DataError(
            f"{data.name} has changed since training: SHA-256 {found[:12]}…, not {sha256[:12]}…",
            "Give the unchanged file with --data",
        )
    return read_records(data, columns)


def _files(*paths: Path) -> tuple[FileDigest, ...]:
    return tuple(FileDigest(name=p.name, sha256=file_sha256(p), size=p.stat().st_size) for p in paths)


def _concatenate(members: Records, nonmembers: Records) -> Records:
    ids = [*members.ids, *nonmembers.ids]
    if len(set(ids)) < len(ids):
        ids = [f"member/{i}" for i in members.ids] + [f"non-member/{i}" for i in nonmembers.ids]
    return Records(
        ids=ids,
        texts=[*members.texts, *nonmembers.texts],
        labels=[*members.labels, *nonmembers.labels],
        groups=_joined_groups(members.groups, nonmembers.groups),
    )


def _joined_groups(members: Sequence[str] | None, nonmembers: Sequence[str] | None) -> list[str] | None:
    if members is None or nonmembers is None:
        return None
    shared = set(members) & set(nonmembers)
    if shared:
        raise UsageError(
            f"{len(shared)} groups have both members and non-members",
            "Split by group, or drop --group-column to audit single records",
        )
    return [*members, *nonmembers]


def _checked(audit_set: AuditSet) -> AuditSet:
    n_members = int(audit_set.member.sum())
    n_nonmembers = len(audit_set.member) - n_members
    for count, side in ((n_members, "members"), (n_nonmembers, "non-members")):
        if count < 2:
            dropped = (
                f" after removing {audit_set.exact_removed} shared texts" if audit_set.exact_removed else ""
            )
            raise DataError(
                f"An audit needs at least 2 {side} and has {count}{dropped}", _mend(audit_set, side)
            )
    return audit_set


def _mend(audit_set: AuditSet, side: str) -> str:
    if audit_set.holdout == 0:
        return "Train with a holdout (--holdout 0.5), or give --members and --nonmembers"
    return f"Give more {side}"
