"""Tables for a terminal of any width: what does not fit is named, never cut."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

_GAP = 2  # blanks between columns

Columns = Mapping[str, Sequence[str]]
"""The cells under each heading, in the order of the table."""


def bare_table(*left: str, right: Sequence[str] = ()) -> Table:
    """A table without lines, with its headings."""
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for heading in left:
        table.add_column(Text(heading))
    for heading in right:
        table.add_column(Text(heading), justify="right")
    return table


def fitted_table(
    names: Columns, columns: Columns, order: Sequence[str], width: int
) -> Iterator[RenderableType]:
    """One line per row with the columns that fit, and the names of the others.

    Args:
        names: the left columns, which are always there whole.
        columns: numbers.
        order: headings of ``columns``, the most important first; that one is always there.
        width: of the terminal.
    """
    shown = _fitting(columns, order, width + _GAP - sum(_needed(names).values()))
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for heading in names:
        table.add_column(Text(heading), no_wrap=True)
    for heading in shown:
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for row in zip(*names.values(), *(columns[heading] for heading in shown), strict=True):
        table.add_row(*map(Text, row))
    yield table
    if left_out := [heading for heading in columns if heading not in shown]:
        yield Text(f"Left out to fit this terminal: {', '.join(left_out)}.", "dim")


def _fitting(columns: Columns, order: Sequence[str], width: int) -> list[str]:
    needed, chosen = _needed(columns), set()
    for heading in order:
        if heading == order[0] or needed[heading] <= width:
            chosen.add(heading)
            width -= needed[heading]
    return [heading for heading in columns if heading in chosen]


def _needed(columns: Columns) -> dict[str, int]:
    """The width of each column with the gap after it."""
    return {heading: _GAP + max(map(len, (heading, *cells))) for heading, cells in columns.items()}
