"""Sweeps on the page: defences side by side, and theory against practice."""

from collections.abc import Iterator, Sequence
from math import isfinite

from privaudit.inert import inert
from privaudit.reports.document import Block, Figure, Section, Sentence, Table
from privaudit.reports.epsilon_sweep_table import bound
from privaudit.reports.page.roc import swatch
from privaudit.reports.svg import BLUE, DASHDOT, DASHED, GREEN, GREY, ORANGE, SOLID, Axis, Chart
from privaudit.reports.tables import NOT_MEASURED, interval
from privaudit.results import EpsilonSweepRow, Result


def sweep(result: Result) -> Section | None:
    """Defences side by side, with the accuracy that each of them costs."""
    found = result.sweep
    if found is None:
        return None
    blocks: list[Block] = []
    if found.finding is not None:
        blocks.append(Sentence(inert(found.finding.sentence), "strong"))
    rows = tuple(
        (
            inert(row.defence),
            f"{row.n_models}",
            NOT_MEASURED if row.exact_matches is None else f"{row.exact_matches} of {row.n_models}",
            interval(row.exposure_bits, 1),
            interval(row.control_exposure_bits, 1),
            interval(row.difference_bits, 1),
            NOT_MEASURED if row.accuracy.value is None else f"{row.accuracy.value:.1%}",
        )
        for row in found.defences
    )
    header = ("defence", "models", "recovered", "exposure, bits", "in clean models", "difference", "accuracy")
    caption = (
        f"Every model was trained on {found.repetitions:,} copies of {inert(found.pattern)!r} with a secret "
        f"of its own. Exposure is at most {found.ceiling_bits:.1f} bits; intervals: 95 %, over models."
    )
    blocks.append(Table(caption, header, rows, frozenset(range(1, len(header)))))
    return Section("sweep", "Defences side by side", tuple(blocks))


def epsilon_sweep(result: Result) -> Section | None:
    """Theory against practice: what each epsilon costs, what attacks reach, and what it allows."""
    found = result.epsilon_sweep
    if found is None:
        return None
    rows = tuple(
        (
            f"{row.epsilon:g}",
            interval(row.accuracy),
            *(_best(row, targets) for targets in ("records", "canaries")),
            NOT_MEASURED if row.allowed is None else f"{row.allowed.auc:.3f}",
            bound(row),
            NOT_MEASURED if row.bound is None else row.bound.verdict,
        )
        for row in found.rows
    )
    header = (
        "epsilon",
        "accuracy",
        "best AUC, records",
        "best AUC, canaries",
        "AUC allowed",
        "bound",
        "verdict",
    )
    caption = (
        f"{found.n_records:,} records and {found.n_canaries:,} canaries, each in about half of the models by "
        f"its own coin; delta {found.delta:g}. AUC allowed: the most under the exact mechanism. bound: "
        "epsilon is at least this, from the canaries of all models together."
    )
    table = Table(caption, header, rows, frozenset(range(len(header) - 1)))
    blocks: list[Block] = [Sentence(inert(found.sentence), "strong"), *_practice(found.rows), table]
    return Section("epsilon-sweep", "Theory against practice", tuple(blocks))


def _practice(rows: Sequence[EpsilonSweepRow]) -> Iterator[Figure]:
    """AUC against epsilon, allowed and reached; none for fewer than two finite epsilons."""
    finite = sorted((row for row in rows if isfinite(row.epsilon) and row.allowed), key=lambda r: r.epsilon)
    if len(finite) < 2:
        return
    at = [row.epsilon for row in finite]
    allowed = [row.allowed for row in finite if row.allowed is not None]
    lines: list[tuple[str, list[float], str, str]] = [
        ("the most that the mechanism allows", [a.auc for a in allowed], GREEN, SOLID),
        (
            "expected of the last model alone (a heuristic)",
            [a.auc_last_iterate for a in allowed],
            GREY,
            DASHED,
        ),
    ]
    for targets, colour, dash in (("canaries", ORANGE, SOLID), ("records", BLUE, DASHDOT)):
        reached = [value for row in finite for value in (_highest(row, targets),) if value is not None]
        if len(reached) == len(finite):
            lines.append((f"best attack on {targets}", reached, colour, dash))
    chart = Chart(
        Axis(at[0], at[-1], "epsilon (logarithmic)", at, log=True),
        Axis(0.5, 1.0, "AUC; 0.5 is guessing", (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
        "AUC of the attacks against what each epsilon allows",
        " ".join(f"{text}: {', '.join(f'{v:.3f}' for v in values)}." for text, values, _, _ in lines),
    )
    for _, values, colour, dash in lines:
        chart.line(at, values, colour, dash)
        for x, y in zip(at, values, strict=True):
            chart.dot(x, y, colour)
    data = Table(
        "AUC per epsilon",
        ("line", *(f"epsilon {x:g}" for x in at)),
        tuple((text, *(f"{value:.3f}" for value in values)) for text, values, _, _ in lines),
        frozenset(range(1, len(at) + 1)),
    )
    legend = tuple((swatch(colour, dash), text) for text, _, colour, dash in lines)
    yield Figure(chart.render("practice"), "What attacks reached, and what epsilon allows.", legend, data)


def _highest(row: EpsilonSweepRow, targets: str) -> float | None:
    values = [a.auc.value for a in row.attacks if a.targets == targets and a.auc.value is not None]
    return max(values, default=None)


def _best(row: EpsilonSweepRow, targets: str) -> str:
    rows = [a for a in row.attacks if a.targets == targets and a.auc.value is not None]
    best = max(rows, key=lambda a: a.auc.value or 0.0, default=None)
    return NOT_MEASURED if best is None else f"{interval(best.auc)} ({inert(best.attack)})"
