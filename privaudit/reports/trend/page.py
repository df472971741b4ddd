"""A history as a page: every model over its audits, and its current verdicts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar, cast

from privaudit.inert import inert
from privaudit.reports.document import Block, Document, Listing, Mark, Section, Sentence, Table
from privaudit.reports.trend.chart import figure
from privaudit.reports.trend.series import VERDICTS, time
from privaudit.reports.words.comparison import metric_in_words
from privaudit.reports.words.metrics import CHARTED
from privaudit.results import Part
from privaudit.results.history import Entry
from privaudit.results.metrics import EXTRACTED

Kept = TypeVar("Kept")
_MOST_CHARACTERS = 120
_MOST_AUDITS, _MOST_MODELS, _MOST_TOGETHER = 30, 8, 72  # what keeps the page below 300 kB
_WORST_FIRST: tuple[Mark, ...] = ("fail", "inconclusive", "pass", "not-judged")
_WORDS: Mapping[Mark, str] = {
    "fail": "A model reveals more about its training texts than its limits or its claim allow",
    "inconclusive": "No model failed its last audit, but at least one is undecided",
    "pass": "Every judged model passed its last audit",
    "not-judged": "Measured only: no limit was set",
}
_ACTIONS: Mapping[Mark, str] = {
    "fail": "Do not release what failed. Its own report says what leaks and what to do.",
    "inconclusive": ("Undecided is neither a pass nor a failure. Its own report says what is missing."),
    "pass": ("A pass covers the attacks that ran and the limits that were set. It does not prove privacy."),
    "not-judged": 'Set limits, for example --fail-if "tpr@0.01>0.05", to follow verdicts over time.',
}
_READING = (
    "A verdict stands until the same command audits the same model again, regardless of other commands.",
    (
        "A model is identified by its path as given. Another training at the same path counts as the same "
        "model here; the digests distinguish them."
    ),
    (
        "A line joins two audits only where attack, number of reference models and data are the same. Points "
        "on other data cannot be compared."
    ),
    (
        "Intervals cover the sampling of records. Two that overlap may still differ: privaudit report NEW "
        "--baseline OLD gives the difference its own interval."
    ),
)


def trend(entries: Sequence[Entry], model: str | None = None) -> Document:
    """The page of a history.

    Args:
        entries: at least one audit, in the order of time.
        model: the one that the page is about; None for all that the history has.
    """
    entries = list(map(_presentable, entries))
    standing = _standing(entries)
    mark = next(mark for mark in _WORST_FIRST if any(entry.status == mark for entry in standing))
    decisive = [entry for entry in standing if entry.status == mark]
    models = sorted({entry.model for entry in entries})
    about = "" if model is None else f" of {inert(model, _MOST_CHARACTERS)}"
    return Document(
        title=f"Privacy audits{about} over time",
        mark=mark,
        verdict=f"{_WORDS[mark]} ({_named(decisive)}).",
        action=" ".join((_ACTIONS[mark], *_waived(standing))),
        stamp=None,
        sections=(
            _summary(standing, entries),
            *_sections(models, entries),
            Section("reading", "How to read this page", (Listing(_READING),)),
        ),
        footer=f"{_count(len(entries), 'audit')}, the last of {entries[-1].created}",
    )


def _presentable(value: Kept) -> Kept:
    """The same with all its words on one line, short enough to be read."""
    shown: object = value
    match value:
        case str():
            shown = inert(value, _MOST_CHARACTERS)
        case tuple():
            shown = tuple(map(_presentable, value))
        case Part():
            shown = value.model_copy(
                update={name: _presentable(getattr(value, name)) for name in type(value).model_fields}
            )
    return cast(Kept, shown)


def _standing(entries: Sequence[Entry]) -> list[Entry]:
    """The last audit of each model by each command, the worst first."""
    last = {(entry.model, entry.command): entry for entry in entries}
    return sorted(last.values(), key=lambda e: (_WORST_FIRST.index(e.status), e.model, e.command))


def _waived(standing: Sequence[Entry]) -> Iterator[str]:
    """What passed although a limit is exceeded."""
    waived = [entry for entry in standing if any(limit.waived for limit in entry.limits)]
    if waived:
        yield f"Limits are exceeded and waived ({_named(waived)}): an owner has accepted that until a date."


def _named(entries: Sequence[Entry]) -> str:
    first = entries[0]
    more = f", and {len(entries) - 1} more below" if len(entries) > 1 else ""
    return f"{first.model} by privaudit {first.command} on {first.created[:10]}{more}"


def _summary(standing: Sequence[Entry], entries: Sequence[Entry]) -> Section:
    numbers = {
        metric_in_words(key): [_most(entry, key) for entry in standing]
        for key in CHARTED
        if key != EXTRACTED.key()
    }
    numbers = {name: cells for name, cells in numbers.items() if any(cells)}
    counts = Counter((entry.model, entry.command) for entry in entries)
    rows = tuple(
        (
            entry.model,
            entry.command,
            VERDICTS[entry.status],
            time(entry),
            *(cells[place] for cells in numbers.values()),
            f"{counts[entry.model, entry.command]:,}",
        )
        for place, entry in enumerate(standing)
    )
    header = ("model", "command", "verdict", "last audit (UTC)", *numbers, "audits")
    caption = "Current verdicts. Numbers: the most that any attack reached in that audit."
    table = Table(caption, header, rows, frozenset(range(4, len(header))))
    return Section("models", "Where each model stands", (table,))


def _most(entry: Entry, metric: str) -> str:
    values = [m.value for m in entry.measures if m.metric == metric and m.value is not None]
    return f"{max(values):.3f}" if values else ""


def _sections(models: Sequence[str], entries: Sequence[Entry]) -> Iterator[Section]:
    # NOTE: readers come for those that failed.
    last = {entry.model: entry for entry in entries}
    ranked = sorted(models, key=lambda name: (_WORST_FIRST.index(last[name].status), name))
    drawn = ranked[:_MOST_MODELS]
    most = min(_MOST_AUDITS, _MOST_TOGETHER // len(drawn))
    for number, name in enumerate(drawn, 1):
        own = [entry for entry in entries if entry.model == name]
        yield Section(f"model-{number}", name, tuple(_blocks(own, f"model-{number}", most)))
    if left := ranked[_MOST_MODELS:]:
        text = "To see one of them, name one of its results: privaudit report RESULT --history FILE."
        yield Section("others", "Models not drawn", (Sentence(text), Listing(tuple(left))))


def _blocks(entries: Sequence[Entry], identifier: str, most: int) -> Iterator[Block]:
    trainings = len({entry.model_digest for entry in entries})
    first, last = entries[0].created[:10], entries[-1].created[:10]
    when = f"on {first}" if first == last else f"from {first} to {last}"
    yield Sentence(f"{_count(len(entries), 'audit')} of {_count(trainings, 'training')}, {when}.")
    limited = {limit.metric for entry in entries[-most:] for limit in entry.limits if limit.metric}
    looks: dict[str, int] = {}
    for number, metric in enumerate((*CHARTED, *sorted(limited - set(CHARTED))), 1):
        found = [entry for entry in entries if any(m.metric == metric for m in entry.measures)]
        if any(m.metric == metric and m.value is not None for entry in found for m in entry.measures):
            yield figure(found[-most:], metric, f"{identifier}-chart-{number}", looks)
            if len(found) > most:
                yield Sentence(f"The last {most} of {len(found):,} audits with this number.", "small")
    yield _audits(entries[-most:])


def _audits(entries: Sequence[Entry]) -> Table:
    rows = tuple(
        (
            time(entry),
            entry.command,
            VERDICTS[entry.status],
            "; ".join(_judged(entry)) or "none set",
            entry.model_digest[:12],
            (entry.data_digest or "unknown")[:12],
            entry.tool_version,
        )
        for entry in reversed(entries)
    )
    header = ("audit (UTC)", "command", "verdict", "limits", "model", "data", "privaudit")
    return Table("Its audits, latest first; model and data by the start of their digests", header, rows)


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _judged(entry: Entry) -> Iterator[str]:
    for limit in entry.limits:
        waived = ", waived" if limit.waived else ""
        yield f"{limit.expression} ({limit.result}{waived})"
