"""Attacks whose answers are inverted: no limit covers them, so reports must say so."""

from collections.abc import Iterator, Sequence

from privaudit.inert import inert
from privaudit.results import Membership

_GUESSING = 0.5


def worse_than_guessing(rows: Sequence[Membership]) -> Iterator[str]:
    """A sentence where attacks are wrong more often than right, which upper ends mistake for privacy.

    The interval of one attack among several is often below one half by chance, so the one that holds for all
    attacks at once counts, mirrored at its estimate.
    """
    worse = [
        (row.auc.value, row.attack)
        for row in rows
        if row.auc.value is not None
        and row.auc.low_simultaneous is not None
        and 2 * row.auc.value - row.auc.low_simultaneous < _GUESSING
    ]
    if worse:
        value, attack = min(worse)
        right = 100 * (1 - value)
        yield (
            f"The attack {inert(attack)} is wrong more often than guessing. Inverting its scores gives about "
            f"{right:.0f} % accuracy; no limit covers this."
        )
