"""How the test of a claim and its controls are said."""

from privaudit.inert import inert
from privaudit.results import Control

DESIGNS = {
    "one-run": "one model, a fair coin per canary",
    "many-run": "many models, one canary and one fair coin each",
    "self-test": "many short runs, one canary and one fair coin each",
}
_OUTCOMES = {
    ("positive", True): "violates the claim, as expected",
    ("positive", False): "does NOT violate the claim, although it must",
    ("negative", True): "does not violate the claim, as expected",
    ("negative", False): "VIOLATES the claim, although it must not",
}


def control_words(control: Control) -> str:
    """What came of a control, in a sentence."""
    name = f"{control.name.capitalize()} control: {inert(control.description)}"
    if control.passed is None:
        return f"{name}: did not run. {inert(control.reason or '')}".rstrip()
    p = "" if control.p_value is None else f" (p = {control.p_value:.2g})"
    return f"{name}: {_OUTCOMES[control.name, control.passed]}{p}."


def p_value(value: float) -> str:
    """Two digits; one where it is small."""
    return f"{value:.2g}" if value >= 1e-4 else f"{value:.0e}"
