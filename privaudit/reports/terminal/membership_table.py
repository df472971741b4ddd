"""Membership inference as tables: one line per attack, and the slices that leak most."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from privaudit.inert import inert
from privaudit.reports.terminal.tables import Columns, bare_table, fitted_table
from privaudit.reports.words.membership import by_auc, rate_at, seed_agreement, worst_slices
from privaudit.reports.words.numbers import interval
from privaudit.results import Membership, Result, Slice

SHOWN_FPRS = (0.001, 0.01, 0.1)
_WORST_SLICES = 5


def membership_parts(result: Result, width: int) -> Iterator[RenderableType]:
    """The attacks that ran, how to read their numbers, and the worst slices."""
    rows = sorted(result.membership, key=by_auc, reverse=True)
    columns = _columns(rows)
    auc, within, rarest, rare, frequent, advantage = columns
    order = (auc, rare, frequent, rarest, within, advantage)
    yield from fitted_table({"attack": [row.attack for row in rows]}, columns, order, width)
    yield Text(
        "TPR at FPR: share of members found while at most that share of non-members is wrongly accused.",
        "dim",
    )
    yield Text("Intervals: 95 %. n/m: not measurable with so few non-members.", "dim")
    if result.slices:
        yield Text()
        attack = result.slices[0].attack
        yield Text(
            f"Worst of {len(result.slices)} slices by {attack} (intervals hold for all slices at once)",
            "dim",
        )
        yield _slice_table(result.slices)
    if result.seed_agreement is not None:
        yield Text()
        yield Text(seed_agreement(result.seed_agreement), "dim")


def _columns(rows: Sequence[Membership]) -> Columns:
    columns = {
        "AUC": [interval(row.auc) for row in rows],
        "within class": [interval(row.auc_within_class) for row in rows],
    }
    for fpr in SHOWN_FPRS:
        columns[f"TPR @ {fpr:.1%} FPR"] = [rate_at(row, fpr) for row in rows]
    columns["advantage"] = [interval(row.advantage) for row in rows]
    return columns


def _slice_table(slices: Sequence[Slice]) -> Table:
    table = bare_table("slice", right=("members", "non-members", "AUC"))
    for part in worst_slices(slices, _WORST_SLICES):
        name = f"{inert(part.by)} = {inert(part.value)}"
        table.add_row(Text(name), f"{part.n_members:,}", f"{part.n_nonmembers:,}", interval(part.auc))
    return table
