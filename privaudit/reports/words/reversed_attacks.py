"""Attacks whose answers are upside down: no limit speaks of them, and every reader should."""

from collections.abc import Iterator, Sequence

from privaudit.inert import inert
from privaudit.results import Membership

_GUESSING = 0.5


def worse_than_guessing(rows: Sequence[Membership]) -> Iterator[str]:
    """A sentence where attacks are wrong more often than right, which upper ends take for privacy.

    An interval for one attack of several is below one half by chance often enough; so that of all attacks at
    once counts, turned around its estimate.
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
            f"The attack {inert(attack)} is wrong more often than guessing would be. Whoever turns its "
            f"answers around is right about {right:.0f} % of the time, of which no limit here speaks."
        )
