"""The test of a claimed epsilon as a person reads it: the verdict, what was tested, and what it rests on."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from privaudit.inert import inert
from privaudit.reports.terminal.tables import bare_table
from privaudit.reports.words.epsilon import DESIGNS, control_words, p_value
from privaudit.reports.words.numbers import NOT_MEASURED
from privaudit.results import Claim, Epsilon, LowerBound, StaticCheck
from privaudit.rounding import at_least, at_most

_STYLES = {
    "violated": "bold red",
    "consistent": "bold green",
    "inconclusive": "bold yellow",
    "no-claim": "bold",
}
_CONTROL_STYLES = {True: "dim", False: "bold red", None: "yellow"}
_VERDICTS = {
    "violated": "claim VIOLATED",
    "consistent": "no violation of the claim found",
    "inconclusive": "claim INCONCLUSIVE",
    "no-claim": "no claim",
}


def epsilon_parts(epsilon: Epsilon, claim: Claim | None, said: str = "") -> Iterator[RenderableType]:
    """Verdict, claim, design and test, bounds, reach of the design, controls, doubts about the claim.

    Args:
        epsilon: what was found.
        claim: what was tested.
        said: what is already above and need not be repeated.
    """
    verdict = Text(_VERDICTS[epsilon.verdict], _STYLES[epsilon.verdict])
    yield verdict if epsilon.sentence in said else verdict.append(f"  {inert(epsilon.sentence)}", "default")
    yield _facts(epsilon, claim)
    yield Text()
    yield from _bounds(epsilon.lower_bounds)
    yield Text(_reach(epsilon))
    for control in epsilon.controls:
        yield Text(control_words(control), _CONTROL_STYLES[control.passed])
    yield from _doubts(epsilon.checks)
    for number, item in enumerate(epsilon.checklist, start=1):
        if number == 1:
            yield Text("Where to look first:")
        yield Text(f"  {number}. {inert(item)}")


def _facts(epsilon: Epsilon, claim: Claim | None) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for name, text in (
        ("claim", _claim(epsilon, claim)),
        ("design", f"{DESIGNS[epsilon.design]}: {epsilon.n_in:,} in, {epsilon.n_out:,} out"),
        ("canaries", epsilon.canaries),
        ("score", epsilon.score),
        ("adversary", epsilon.threat_model),
        ("test", _test(epsilon)),
    ):
        table.add_row(name, Text(inert(text)))
    return table


def _claim(epsilon: Epsilon, claim: Claim | None) -> str:
    at = f"at delta {epsilon.delta:g}"
    if claim is None or (epsilon.claimed is None and epsilon.accounted is None):
        return f"none; lower bounds are {at}"
    parts = [] if epsilon.claimed is None else [f"epsilon {epsilon.claimed:.4g} {at}"]
    if epsilon.accounted is not None:
        parts.append(f"PLD gives {epsilon.accounted:.4g} {at} for {_mechanism(claim)}")
    else:
        parts.append("no mechanism named, so its (epsilon, delta) region is tested")
    return "; ".join(parts) + ("" if claim.source is None else f" (claim: {claim.source})")


def _mechanism(claim: Claim) -> str:
    parts = [
        None if claim.noise_multiplier is None else f"noise {claim.noise_multiplier:.4g}",
        None if claim.sample_rate is None else f"sample rate {claim.sample_rate:.4g}",
        None if claim.steps is None else f"{claim.steps:,} steps",
        claim.sampler,
    ]
    return ", ".join(part for part in parts if part) or "the mechanism"


def _test(epsilon: Epsilon) -> str:
    guesses = (
        "" if epsilon.correct is None else f"; {epsilon.correct:,} of {epsilon.guesses:,} guesses correct"
    )
    p = "" if epsilon.p_value is None else f"; p = {p_value(epsilon.p_value)}"
    return f"{epsilon.test}{guesses}{p}"


def _bounds(bounds: tuple[LowerBound, ...]) -> Iterator[RenderableType]:
    """The bounds, each with what it assumes below it: a narrow column would break that up."""
    tested = any(bound.p_value is not None for bound in bounds)
    right = ("epsilon at least", "possible at most", "confidence", *["p of the claim"] * tested)
    table = bare_table("lower bound", right=right)
    for bound in bounds:
        p = [NOT_MEASURED if bound.p_value is None else p_value(bound.p_value)] * tested
        most = NOT_MEASURED if bound.ceiling is None else at_most(bound.ceiling, places=3)
        table.add_row(
            Text(_name(bound)), at_least(bound.value, places=3), most, f"{bound.confidence:.0%}", *p
        )
    yield table
    for bound in bounds:
        yield Text(f"{_name(bound)} assumes {inert(bound.assumes)}.", "dim")


def _name(bound: LowerBound) -> str:
    return f"{inert(bound.method)}{' *' if bound.primary else ''}"


def _doubts(checks: Sequence[StaticCheck]) -> Iterator[Text]:
    """Warnings in full; unknowns by name only, because a claim typed by hand leaves nearly all unknown."""
    for check in checks:
        if check.status == "warning":
            yield Text(f"Warning ({check.id}): {inert(check.text)}", "yellow")
    if unknown := [check.id for check in checks if check.status == "unknown"]:
        yield Text(f"Unknown: {', '.join(unknown)}. The result file explains each.", "dim")


def _reach(epsilon: Epsilon) -> str:
    marked = any(bound.primary for bound in epsilon.lower_bounds)
    star = "*: the test that was declared in advance; it alone decides. " if marked else ""
    most = f"Possible at most, for an attack without error: {at_most(epsilon.ceiling, places=3)}"
    if epsilon.power is None:
        return f"{star}{most}."
    return f"{star}{most}. Chance that an ideal attack detects half the noise: {epsilon.power:.0%}."
