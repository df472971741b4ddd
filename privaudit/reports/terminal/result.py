"""The result as a person reads it in a terminal: the verdict first, then the numbers behind it."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from privaudit.inert import inert
from privaudit.reports.shortened import shortened
from privaudit.reports.terminal.comparison_table import comparison_parts
from privaudit.reports.terminal.epsilon_sweep_table import epsilon_sweep_parts
from privaudit.reports.terminal.epsilon_table import epsilon_parts
from privaudit.reports.terminal.extraction_table import extraction_parts
from privaudit.reports.terminal.membership_table import membership_parts
from privaudit.reports.terminal.sweep_table import sweep_parts
from privaudit.reports.terminal.tables import bare_table
from privaudit.reports.words.numbers import interval
from privaudit.reports.words.reversed_attacks import worse_than_guessing
from privaudit.reports.words.status import STATUS
from privaudit.results import Result, Verdict

_STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow", "not-judged": "bold"}
_COLOURS = {"exceeded": "red", "waived": "yellow", "holds": "green", "inconclusive": "yellow"}


def print_result(result: Result, console: Console) -> None:
    """Print ``result`` to ``console``; nothing in it is read as markup or control characters."""
    parts = Group(*_parts(shortened(result), console.width))
    console.print(parts, markup=False, emoji=False, highlight=False)


def _parts(result: Result, width: int) -> Iterator[RenderableType]:
    yield _headline(result.verdict)
    yield _subject(result)
    if result.epsilon is not None:
        yield Text()
        yield from epsilon_parts(result.epsilon, result.claim, result.verdict.sentence)
    if result.membership:
        yield Text()
        yield from membership_parts(result, width)
    if result.extraction:
        yield Text()
        yield from extraction_parts(result, width)
    if result.sweep is not None:
        yield Text()
        yield from sweep_parts(result.sweep, width)
    if result.epsilon_sweep is not None:
        yield Text()
        yield from epsilon_sweep_parts(result.epsilon_sweep, width)
    if result.verdict.thresholds:
        yield Text()
        yield from _thresholds(result.verdict)
    if result.comparison is not None:
        yield Text()
        yield from comparison_parts(result, width)
    for item in result.not_run:
        name = item.attack if item.canary is None else f"{item.attack} on {item.canary}"
        yield Text(f"Not run: {inert(name)}: {inert(item.reason)}", "yellow")
    for warning in (*worse_than_guessing(result.membership), *result.warnings):
        yield Text(f"Note: {inert(warning)}", "yellow")


def _headline(verdict: Verdict) -> Text:
    line = Text(STATUS[verdict.status], _STYLES[verdict.status])
    return line.append(f"  {inert(verdict.sentence)}", "default")


def _subject(result: Result) -> Text:
    model, data = result.model, result.data
    what = f"{inert(model.path)} ({inert(model.format)}, {inert(model.architecture)})"
    parts = [f"{what}: {_counts(result)}"]
    if model.accuracy_members is not None and model.accuracy_nonmembers is not None:
        inside, outside = model.accuracy_members, model.accuracy_nonmembers
        parts.append(f"accuracy {inside:.1%} on members, {outside:.1%} on non-members")
    if data.blind_baseline.auc.value is not None:
        parts.append(f"texts alone: AUC {interval(data.blind_baseline.auc)}")
    return Text("; ".join(parts))


def _counts(result: Result) -> str:
    planted = len({row.canary for row in result.extraction if row.included})
    controls = len({row.canary for row in result.extraction if not row.included})
    canaries = f"{_some(planted, 'canary', 'canaries')} planted, {controls} left out as controls"
    if result.command == "extract":
        return canaries
    if result.epsilon_sweep is not None:
        return f"{result.data.n_members:,} records, each in about half of the models"
    if result.data.source == "canaries" and not result.extraction:
        return f"{result.data.n_members:,} canaries in, {result.data.n_nonmembers:,} out"
    if result.command == "epsilon selftest":
        return f"the canary is in {result.data.n_members:,} runs and not in {result.data.n_nonmembers:,}"
    records = f"{result.data.n_members:,} members, {result.data.n_nonmembers:,} non-members"
    return f"{records}; {canaries}" if result.extraction else records


def _some(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _thresholds(verdict: Verdict) -> Iterator[RenderableType]:
    """Every limit, who accepted the waived ones, and what would decide the open ones."""
    yield _threshold_table(verdict)
    for item in verdict.thresholds:
        if item.is_waived:
            yield Text(f"{inert(item.name)}: {inert(item.waiver or '')}", "yellow")
        if item.advice is not None:
            yield Text(f"To decide {inert(item.name)}: {inert(item.advice)}")
    if verdict.policy is not None:
        yield Text(f"Limits of {inert(verdict.policy)}", "dim")


def _threshold_table(verdict: Verdict) -> Table:
    table = bare_table("fail if", "result", "why")
    for item in verdict.thresholds:
        decision = "waived" if item.is_waived else item.result
        table.add_row(Text(inert(item.name)), Text(decision, _COLOURS[decision]), Text(inert(item.reason)))
    return table
