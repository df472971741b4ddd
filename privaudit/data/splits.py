"""Who is in: independent coins make membership random given the texts."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import DataError, UsageError

_LEAST = 2


def coin_split(n_or_groups: int | Sequence[str], holdout: float, seed: int) -> NDArray[np.bool_]:
    """Flip an independent coin for every record, or for every group, to decide who is a member.

    Exact halves are not offered: with them, one record's membership would depend on another's, and the
    bounds that rest on independent coins would not hold (Steinke, Nasr, Jagielski, arXiv 2305.08846).

    Records: the coin of record ``i`` is the ``i``-th draw of the seed's generator. It depends on the seed and
    the position alone, so records appended to a file leave the coins of the others as they were.
    Groups: the coin is a keyed hash of the seed and the group's name. It depends on nothing else, neither
    the order of the file nor the other groups, and all records of a group share it.

    Args:
        n_or_groups: number of records, or the group of each record.
        holdout: probability of a record (group) to be a non-member, in [0, 1). With 0 everything is a member,
            as for a model that will be used: its canaries can be audited, its membership cannot.
        seed: any integer.

    Returns:
        ``[n]`` True for members.

    Raises:
        UsageError: ``holdout`` is not in [0, 1).
        DataError: fewer than two records, or groups, on one side.
    """
    if not 0 <= holdout < 1:
        raise UsageError(
            f"A holdout of {holdout!r} is out of range",
            "Give a share of non-members from 0 to just below 1, such as 0.5",
        )
    if isinstance(n_or_groups, int):
        coins = _draws(n_or_groups, seed) >= holdout
        member, unit = coins, "records"
    else:
        by_group = {group: _coin(group, seed) >= holdout for group in dict.fromkeys(n_or_groups)}
        coins = np.fromiter(by_group.values(), dtype=np.bool_, count=len(by_group))
        member = np.fromiter((by_group[group] for group in n_or_groups), np.bool_, count=len(n_or_groups))
        unit = "groups"
    inside = int(coins.sum())
    if min(inside, len(coins) - inside if holdout else _LEAST) < _LEAST:
        raise DataError(
            f"The split of {len(coins)} {unit} gave {inside} members and {len(coins) - inside} non-members; "
            f"each side needs at least {_LEAST}",
            f"Give more {unit}, or a holdout closer to 0.5",
        )
    return member


def _draws(n: int, seed: int) -> NDArray[np.float64]:
    """``[n]`` uniform draws in [0, 1); draw ``i`` does not depend on ``n``."""
    key = int.from_bytes(hashlib.blake2b(f"record coins {seed}".encode(), digest_size=16).digest(), "big")
    return np.random.default_rng(key).random(n)


def _coin(group: str, seed: int) -> float:
    """One uniform draw in [0, 1) from the seed and the group's name."""
    digest = hashlib.blake2b(
        group.encode("utf-8", "surrogatepass"), digest_size=8, key=f"group coins {seed}".encode()[:64]
    ).digest()
    return (int.from_bytes(digest, "big") >> 11) * 2.0**-53
