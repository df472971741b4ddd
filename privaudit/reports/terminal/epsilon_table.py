"""The test of a claimed epsilon as a person reads it: the verdict, what was tested, and what it rests on."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from privaudit.inert import inert
from privaudit.reports.terminal.tables import bare_table
from privaudit.reports.words.numbers import NOT_MEASURED
from privaudit.results import Claim, Control, Epsilon, LowerBound, StaticCheck
from privaudit.rounding import at_least, at_most

_STYLES = {
    "violated": "bold red",
    "consistent": "bold green",
    "inconclusive": "bold yellow",
    "no-claim": "bold",
}
_VERDICTS = {
    "violated": "claim VIOLATED",
    "consistent": "no violation of the claim found",
    "inconclusive": "claim INCONCLUSIVE",
    "no-claim": "no claim",
}
_OUTCOMES = {
    ("positive", True): "violates the claim, as it must",
    ("positive", False): "does NOT violate the claim, though it must",
    ("negative", True): "does not violate the claim, as it must not",
    ("negative", False): "violates the claim, though it must NOT",
}
_DESIGNS = {
    "one-run": "one model, a fair coin per canary",
    "many-run": "many models, one canary and one fair coin each",
    "self-test": "many short runs, one canary and one fair coin each",
}


def epsilon_parts(epsilon: Epsilon, claim: Claim | None, said: str = "") -> Iterator[RenderableType]:
    """Verdict, claim, design and test, bounds, reach of the design, controls, doubts about the claim.

    Args:
        epsilon: what was found.
        claim: what was tested.
        said: what stands above already and need not be said again.
    """
    verdict = Text(_VERDICTS[epsilon.verdict], _STYLES[epsilon.verdict])
    yield verdict if epsilon.sentence in said else verdict.append(f"  {inert(epsilon.sentence)}", "default")
    yield _facts(epsilon, claim)
    yield Text()
    yield from _bounds(epsilon.lower_bounds)
    yield Text(_reach(epsilon))
    for control in epsilon.controls:
        yield _control(control)
    yield from _doubts(epsilon.checks)
    for number, item in enumerate(epsilon.checklist, start=1):
        if number == 1:
            yield Text("Look first at:")
        yield Text(f"  {number}. {inert(item)}")


def _facts(epsilon: Epsilon, claim: Claim | None) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for name, text in (
        ("claim", _claim(epsilon, claim)),
        ("design", f"{_DESIGNS[epsilon.design]}: {epsilon.n_in:,} in, {epsilon.n_out:,} out"),
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
        parts.append("no mechanism is named, so its (epsilon, delta) region is tested")
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
    guesses = "" if epsilon.correct is None else f"; {epsilon.correct:,} of {epsilon.guesses:,} guesses right"
    p = "" if epsilon.p_value is None else f"; p = {_p(epsilon.p_value)}"
    return f"{epsilon.test}{guesses}{p}"


def _bounds(bounds: tuple[LowerBound, ...]) -> Iterator[RenderableType]:
    """The bounds, each with what it assumes below: in a narrow column that would be cut to pieces."""
    tested = any(bound.p_value is not None for bound in bounds)
    right = ("epsilon at least", "possible at most", "confidence", *["p of the claim"] * tested)
    table = bare_table("lower bound", right=right)
    for bound in bounds:
        p = [NOT_MEASURED if bound.p_value is None else _p(bound.p_value)] * tested
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
    """Warnings whole; what nobody knows by its name, because a claim typed by hand leaves nearly all open."""
    for check in checks:
        if check.status == "warning":
            yield Text(f"Warning ({check.id}): {inert(check.text)}", "yellow")
    if unknown := [check.id for check in checks if check.status == "unknown"]:
        yield Text(f"Not known: {', '.join(unknown)}. The result file says what each would tell.", "dim")


def _reach(epsilon: Epsilon) -> str:
    marked = any(bound.primary for bound in epsilon.lower_bounds)
    star = "*: the test that was declared beforehand and alone decides. " if marked else ""
    most = f"Possible at most, by an attack without error: {at_most(epsilon.ceiling, places=3)}"
    if epsilon.power is None:
        return f"{star}{most}."
    return f"{star}{most}. Chance of an ideal attack to notice half the noise: {epsilon.power:.0%}."


def _control(control: Control) -> Text:
    name = f"{control.name.capitalize()} control: {inert(control.description)}"
    if control.passed is None:
        return Text(f"{name}: not made. {inert(control.reason or '')}".rstrip(), "yellow")
    outcome = _OUTCOMES[control.name, control.passed]
    p = "" if control.p_value is None else f" (p = {_p(control.p_value)})"
    return Text(f"{name}: {outcome}{p}.", "dim" if control.passed else "bold red")


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-4 else f"{value:.0e}"
