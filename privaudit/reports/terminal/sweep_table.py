"""Defences side by side in a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from privaudit.inert import inert
from privaudit.reports.terminal.tables import Columns, fitted_table
from privaudit.reports.words.numbers import NOT_MEASURED, interval
from privaudit.reports.words.sweep import accuracy, exact_matches, planted
from privaudit.results import Sweep, SweepDefence

_ORDER = ("exact", "exposure", "above clean", "clean models", "accuracy", "p", "wrong slots")


def sweep_parts(sweep: Sweep, width: int) -> Iterator[RenderableType]:
    """What was planted, one line per defence, and the finding."""
    if sweep.finding is not None:
        yield Text(inert(sweep.finding.sentence), "bold")
    yield Text(_canary(sweep))
    yield Text()
    names = {"defence": [inert(row.defence) for row in sweep.defences]}
    yield from fitted_table(names, _columns(sweep.defences), _ORDER, width)
    yield Text(
        "exact: models whose strict favourite among all fillings is their secret. exposure: bits by which it"
        f" stands out, at most {sweep.ceiling_bits:.1f}; about 1.4 is chance. clean models: the same secrets,"
        " in models that were trained without any.",
        "dim",
    )
    yield Text(f"Intervals: 95 %, over independently trained models. {NOT_MEASURED}: not measurable.", "dim")


def _canary(sweep: Sweep) -> str:
    models = max(row.n_models for row in sweep.defences)
    controls = max(row.n_controls for row in sweep.defences)
    return f"{planted(sweep)}; up to {models:,} such models and {controls:,} clean ones per defence."


def _columns(rows: tuple[SweepDefence, ...]) -> Columns:
    return {
        "exact": [exact_matches(row) for row in rows],
        "wrong slots": [NOT_MEASURED if row.hamming is None else f"{row.hamming:.0%}" for row in rows],
        "exposure": [interval(row.exposure_bits, 1) for row in rows],
        "clean models": [interval(row.control_exposure_bits, 1) for row in rows],
        "above clean": [interval(row.difference_bits, 1) for row in rows],
        "p": [NOT_MEASURED if row.p_value is None else f"{row.p_value:.1g}" for row in rows],
        "accuracy": [accuracy(row) for row in rows],
    }
