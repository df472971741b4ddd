"""The result as a person reads it in a terminal: the verdict first, then the numbers behind it."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from privaudit.inert import inert
from privaudit.results import Interval, Membership, Result, Slice, TprAtFpr, Verdict

_SHOWN_FPRS = (0.001, 0.01, 0.1)
_STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow", "not-judged": "bold"}
_WORDS = {"pass": "PASS", "fail": "FAIL", "inconclusive": "INCONCLUSIVE", "not-judged": "NOT JUDGED"}
_WORST_SLICES = 5
_GAP = 2  # blanks between columns


def print_result(result: Result, console: Console) -> None:
    """Print ``result`` to ``console``; nothing in it is taken for markup or control characters."""
    console.print(Group(*_parts(result, console.width)))


def _parts(result: Result, width: int) -> Iterator[RenderableType]:
    yield _headline(result.verdict)
    yield _subject(result)
    yield Text()
    yield from _attack_table(result, width)
    yield Text(
        "TPR at FPR: share of members found while at most that share of non-members is wrongly accused.",
        "dim",
    )
    yield Text("Intervals: 95 %. n/m: not measurable with so few non-members.", "dim")
    if result.slices:
        yield Text()
        attack = result.slices[0].attack
        yield Text(
            f"Worst of {len(result.slices)} slices by {attack} (intervals hold for all of them at once)",
            "dim",
        )
        yield _slice_table(result)
    if result.verdict.thresholds:
        yield Text()
        yield _threshold_table(result.verdict)
    for item in result.not_run:
        yield Text(f"Not run: {inert(item.attack)}: {inert(item.reason)}", "yellow")
    for warning in result.warnings:
        yield Text(f"Note: {inert(warning)}", "yellow")


def _headline(verdict: Verdict) -> Text:
    line = Text(_WORDS[verdict.status], _STYLES[verdict.status])
    return line.append(f"  {inert(verdict.sentence)}", "default")


def _subject(result: Result) -> Text:
    model, data = result.model, result.data
    what = f"{inert(model.path)} ({inert(model.format)}, {inert(model.architecture)})"
    parts = [f"{what}: {data.n_members:,} members, {data.n_nonmembers:,} non-members"]
    if model.accuracy_members is not None and model.accuracy_nonmembers is not None:
        inside, outside = model.accuracy_members, model.accuracy_nonmembers
        parts.append(f"accuracy {inside:.1%} on members, {outside:.1%} on non-members")
    if data.blind_baseline.auc.value is not None:
        parts.append(f"texts alone: AUC {_interval(data.blind_baseline.auc)}")
    return Text("; ".join(parts))


def _attack_table(result: Result, width: int) -> Iterator[RenderableType]:
    """One line per attack with the columns that fit, and the names of the others."""
    rows = sorted(result.membership, key=_by_auc, reverse=True)
    columns = _columns(rows)
    shown = _fitting(columns, width - max((len(row.attack) for row in rows), default=0))
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("attack", no_wrap=True)
    for heading in shown:
        table.add_column(heading, justify="right", no_wrap=True)
    for position, row in enumerate(rows):
        table.add_row(row.attack, *(columns[heading][position] for heading in shown))
    yield table
    left_out = [heading for heading in columns if heading not in shown]
    if left_out:
        yield Text(f"Left out to fit this terminal: {', '.join(left_out)}.", "dim")


def _columns(rows: list[Membership]) -> dict[str, list[str]]:
    """The cells under each heading, in the order of the table."""
    columns = {
        "AUC": [_interval(row.auc) for row in rows],
        "within class": [_interval(row.auc_within_class) for row in rows],
    }
    for fpr in _SHOWN_FPRS:
        rates = [next((rate for rate in row.tpr_at_fpr if rate.fpr == fpr), None) for row in rows]
        columns[f"TPR @ {fpr:.1%} FPR"] = [_rate(rate) for rate in rates]
    columns["advantage"] = [_interval(row.advantage) for row in rows]
    return columns


def _fitting(columns: dict[str, list[str]], width: int) -> list[str]:
    """The most important headings that fit into ``width``, in the order of the table; always the AUC."""
    auc, within, rarest, rare, frequent, advantage = columns
    chosen = []
    for heading in (auc, rare, frequent, rarest, within, advantage):
        needed = _GAP + max(map(len, (heading, *columns[heading])))
        if heading == auc or needed <= width:
            chosen.append(heading)
            width -= needed
    return [heading for heading in columns if heading in chosen]


def _by_auc(row: Membership) -> float:
    return row.auc.value if row.auc.value is not None else -1.0


def _slice_table(result: Result) -> Table:
    worst = sorted(result.slices, key=_slice_low, reverse=True)[:_WORST_SLICES]
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("slice")
    for heading in ("members", "non-members", "AUC"):
        table.add_column(heading, justify="right")
    for part in worst:
        name = f"{inert(part.by)} = {inert(part.value)}"
        table.add_row(Text(name), f"{part.n_members:,}", f"{part.n_nonmembers:,}", _interval(part.auc))
    return table


def _slice_low(part: Slice) -> float:
    return part.auc.low if part.auc.low is not None else -1.0


def _threshold_table(verdict: Verdict) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("fail if")
    table.add_column("result")
    table.add_column("why")
    styles = {"exceeded": "red", "holds": "green", "inconclusive": "yellow"}
    for item in verdict.thresholds:
        table.add_row(
            Text(inert(item.expression)), Text(item.result, styles[item.result]), Text(inert(item.reason))
        )
    return table


def _interval(interval: Interval) -> str:
    if interval.value is None or interval.low is None or interval.high is None:
        return "n/m"
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _rate(rate: TprAtFpr | None) -> str:
    if rate is None or rate.tpr is None or rate.low is None or rate.high is None:
        return "n/m"
    return f"{rate.tpr:.1%} [{rate.low:.1%}, {rate.high:.1%}]"
