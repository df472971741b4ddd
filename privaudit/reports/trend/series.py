"""What one attack reached audit by audit, and which of its numbers can be compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite

from privaudit.reports.document import Table
from privaudit.reports.words.metrics import axis_words
from privaudit.reports.words.numbers import NOT_MEASURED
from privaudit.results.history import Entry, Measure

VERDICTS = {"pass": "✓ pass", "fail": "✗ fail", "inconclusive": "? undecided", "not-judged": "○ no limits"}


@dataclass(frozen=True)
class Series:
    """One attack over the audits of a chart."""

    attack: str
    entries: Sequence[Entry]
    rows: Sequence[Measure | None]
    """None where an audit did not run the attack."""

    @property
    def values(self) -> list[float | None]:
        """What can be drawn: None for what was not measured and for infinity."""
        return [None if row is None else _finite(row.value) for row in self.rows]

    @property
    def intervals(self) -> list[tuple[int, float, float]]:
        """Place, low and high of those that have a width."""
        return [
            (place, row.low, row.high)
            for place, row in enumerate(self.rows)
            if row is not None and row.low is not None and row.high is not None and row.low < row.high < inf
        ]

    def pieces(self) -> list[list[int]]:
        """Places that a line may join: without a gap, and without a reason against it."""
        pieces: list[list[int]] = []
        for place, value in enumerate(self.values):
            if value is None:
                continue
            if pieces and pieces[-1][-1] == place - 1 and not any(self.breaks(place)):
                pieces[-1].append(place)
            else:
                pieces.append([place])
        return pieces

    def breaks(self, place: int) -> Iterator[str]:
        """Why no line joins the audit at ``place`` and the one before it."""
        if not place:
            return
        a, b = self.entries[place - 1 : place + 1]
        if data_changed(a, b):
            yield "other data" if a.data_digest and b.data_digest else "unknown data"
        if False in (a.comparable, b.comparable):
            yield "sets not comparable"
        old, new = self.rows[place - 1 : place + 1]
        if old is None or new is None:
            return
        if old.n_references != new.n_references:
            yield f"{self.attack} with {new.n_references} reference models instead of {old.n_references}"
        elif old.setup != new.setup:
            yield f"{self.attack} with other settings"

    def in_words(self) -> str:
        """Its first number and its last."""
        measured = [
            (entry.created[:10], row)
            for entry, row, value in zip(self.entries, self.rows, self.values, strict=True)
            if value is not None
        ]
        if not measured:
            return f"{self.attack}: not measured."
        (first, old), (last, new) = measured[0], measured[-1]
        then = "" if len(measured) == 1 else f", {_cell(new)} on {last}"
        return f"{self.attack}: {_cell(old)} on {first}{then}."


def series_of(entries: Sequence[Entry], metric: str) -> list[Series]:
    """Attacks with this metric, ranked by own limits, presence in the last audit, and strength."""
    last: dict[str, float] = {}
    for entry in entries:
        last |= {m.attack: -inf if m.value is None else m.value for m in entry.measures if m.metric == metric}
    limited = {limit.attack for entry in entries for limit in entry.limits if limit.metric == metric}
    latest = {m.attack for m in entries[-1].measures if m.metric == metric}

    def rank(attack: str) -> tuple[bool, bool, float, str]:
        return attack not in limited, attack not in latest, -last[attack], attack

    def of(entry: Entry, attack: str) -> Measure | None:
        return next((m for m in entry.measures if (m.metric, m.attack) == (metric, attack)), None)

    return [Series(a, entries, [of(entry, a) for entry in entries]) for a in sorted(last, key=rank)]


def data_changed(a: Entry, b: Entry) -> bool:
    """Whether the two were on other records, or on records that no file names."""
    return a.data_digest is None or a.data_digest != b.data_digest


def table(entries: Sequence[Entry], metric: str, drawn: Sequence[Series]) -> Table:
    """The numbers of a chart, and why its lines break."""
    rows = []
    for place, entry in enumerate(entries):
        why = dict.fromkeys(reason for series in drawn for reason in series.breaks(place))
        cells = (_cell(series.rows[place]) for series in drawn)
        rows.append((time(entry), VERDICTS[entry.status], *cells, ", ".join(why)))
    header = ("audit (UTC)", "verdict", *(series.attack for series in drawn), "line broken by")
    with_intervals = ", with 95 % intervals" if any(series.intervals for series in drawn) else ""
    caption = f"{axis_words(metric)}{with_intervals}"
    return Table(caption, header, tuple(rows), frozenset(range(2, 2 + len(drawn))))


def time(entry: Entry) -> str:
    """When an audit was, to the minute."""
    return entry.created[:16].replace("T", " ")


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _cell(row: Measure | None) -> str:
    if row is None:
        return "not run"
    if row.value is None:
        return NOT_MEASURED
    if row.low is None or row.high is None or row.low == row.high:
        return f"{row.value:.4g}"
    return f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"
