"""Theory against practice, as a person reads it in a terminal: one line per epsilon."""

import math
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from privaudit.inert import inert
from privaudit.reports.terminal.tables import Columns, fitted_table
from privaudit.reports.words.epsilon import p_value
from privaudit.reports.words.numbers import NOT_MEASURED, bound, interval
from privaudit.results import Correlation, EpsilonSweep, EpsilonSweepRow, Interval

_STYLES = {
    "violated": "bold red",
    "consistent": "bold green",
    "inconclusive": "bold yellow",
    "no-claim": "bold",
}
_ALWAYS = ("accuracy", "AUC allowed", "bound", "verdict")
_LAST = ("p", "noise", "p without noise", "members")


def epsilon_sweep_parts(sweep: EpsilonSweep, width: int) -> Iterator[RenderableType]:
    """The finding, one line per epsilon, and how far attack success rises with epsilon."""
    yield Text(inert(sweep.sentence), _STYLES[sweep.verdict])
    yield Text(
        f"{sweep.n_records:,} records and {sweep.n_canaries:,} canaries, each in about half of the models by"
        f" its own coin; vocabulary {inert(sweep.vocabulary)}; delta {sweep.delta:g}. A canary is"
        f" {inert(sweep.canaries)}."
    )
    yield Text()
    columns = _columns(sweep.rows)
    attacks = [heading for heading in columns if heading not in (*_ALWAYS, *_LAST)]
    order = (*_ALWAYS, *reversed(attacks), *_LAST)
    names = {"epsilon": [f"{row.epsilon:g}" for row in sweep.rows]}
    yield from fitted_table(names, columns, order, width)
    yield Text(
        "Attacks: AUC over independently trained models, each in turn the target with the others as its"
        " references. AUC allowed: the most under the exact mechanism; in brackets what to expect of the"
        f" last model alone (a heuristic). bound: epsilon is at least this with {_confidence(sweep):.0%}"
        " confidence, from the canaries of all models, without assumptions about the mechanism. p: of the"
        " claim; p without noise: of the same claim, tested on the models trained without privacy.",
        "dim",
    )
    yield Text(f"Intervals: 95 %, over models. {NOT_MEASURED}: not measurable.", "dim")
    if sweep.correlations:
        yield Text()
        yield from map(_trend, sweep.correlations)


def _columns(rows: tuple[EpsilonSweepRow, ...]) -> Columns:
    columns = {
        "noise": [_noise(row) for row in rows],
        "accuracy": [_rate(row.accuracy) for row in rows],
        "members": [_rate(row.accuracy_members) for row in rows],
    }
    kinds = dict.fromkeys((attack.attack, attack.targets) for row in rows for attack in row.attacks)
    for name, targets in kinds:
        columns[f"{name}, {targets}"] = [_auc(row, name, targets) for row in rows]
    return columns | {
        "AUC allowed": [_allowed(row) for row in rows],
        "bound": [bound(row) for row in rows],
        "p": ["-" if row.bound is None else _p(row.bound.p_value) for row in rows],
        "p without noise": [_p(_positive(row)) for row in rows],
        "verdict": [NOT_MEASURED if row.bound is None else row.bound.verdict for row in rows],
    }


def _noise(row: EpsilonSweepRow) -> str:
    noise = None if row.claim is None else row.claim.noise_multiplier
    return "none" if noise is None else f"{noise:.3f}"


def _rate(found: Interval) -> str:
    if found.value is None:
        return NOT_MEASURED
    limits = "" if found.low is None or found.high is None else f" [{found.low:.1%}, {found.high:.1%}]"
    return f"{found.value:.1%}{limits}"


def _auc(row: EpsilonSweepRow, name: str, targets: str) -> str:
    for attack in row.attacks:
        if (attack.attack, attack.targets) == (name, targets):
            return interval(attack.auc)
    return NOT_MEASURED


def _allowed(row: EpsilonSweepRow) -> str:
    if row.allowed is None:
        return "-" if math.isinf(row.epsilon) else NOT_MEASURED
    return f"{row.allowed.auc:.3f} ({row.allowed.auc_last_iterate:.3f})"


def _positive(row: EpsilonSweepRow) -> float | None:
    """The test of this row's claim on models that were trained without privacy."""
    controls = () if row.bound is None else row.bound.controls
    return next((control.p_value for control in controls if control.name == "positive"), None)


def _confidence(sweep: EpsilonSweep) -> float:
    found = [b.confidence for row in sweep.rows if row.bound is not None for b in row.bound.lower_bounds]
    return found[0] if found else 0.95


def _p(value: float | None) -> str:
    return "-" if value is None else p_value(value)


def _trend(found: Correlation) -> Text:
    if found.spearman is None or found.p_value is None:
        return Text(f"{found.measure} does not vary with epsilon.", "dim")
    within = found.per_model
    value = NOT_MEASURED if within.value is None else f"{within.value:.2f}"
    return Text(
        f"{found.measure} against epsilon: rank correlation {found.spearman:.2f} over {found.n_points}"
        f" epsilons (p = {_p(found.p_value)}),"
        f" {value if within.low is None else interval(within, 2)} within a model."
    )
