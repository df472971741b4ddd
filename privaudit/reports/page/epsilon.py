"""Attack success against the configured epsilon: the verdict on the claim and what it rests on."""

from collections.abc import Iterator

from privaudit.inert import inert
from privaudit.reports.document import Block, Listing, Section, Sentence, Table
from privaudit.reports.page.epsilon_axis import epsilon_axis
from privaudit.reports.page.roc import roc_figure
from privaudit.reports.words.epsilon import DESIGNS, control_words
from privaudit.results import Control, Epsilon, Result
from privaudit.rounding import at_most

_NONE = "none"


def against_theory(result: Result) -> Section | None:
    """Attack success against the configured epsilon."""
    blocks: list[Block] = []
    figure, epsilon = roc_figure(result), result.epsilon
    if epsilon is not None:
        blocks.append(Sentence(inert(epsilon.sentence), "strong"))
    if figure is not None:
        blocks.append(figure)
    if epsilon is not None:
        blocks.extend(_blocks(epsilon))
    if not blocks:
        return None
    compared = epsilon is not None or (result.claim is not None and result.claim.epsilon is not None)
    title = "Attack success against the configured epsilon" if compared else "Attack success"
    return Section("success", title, tuple(blocks))


def _blocks(epsilon: Epsilon) -> Iterator[Block]:
    yield epsilon_axis(epsilon)
    yield Table("The design, fixed before the scores were seen", ("what", "value"), tuple(_design(epsilon)))
    yield from map(_control, epsilon.controls)
    if epsilon.checklist:
        yield Sentence("Where to look first:", "strong")
        yield Listing(tuple(map(inert, epsilon.checklist)))


def _control(control: Control) -> Sentence:
    return Sentence(control_words(control), "plain" if control.passed else "warning")


def _design(epsilon: Epsilon) -> Iterator[tuple[str, str]]:
    yield "design", DESIGNS[epsilon.design]
    yield "test", inert(epsilon.test)
    yield "score", inert(epsilon.score)
    yield "canaries", inert(epsilon.canaries)
    yield "threat model", inert(epsilon.threat_model)
    yield "in / out", f"{epsilon.n_in:,} / {epsilon.n_out:,}"
    if epsilon.guesses is not None and epsilon.correct is not None:
        yield "guesses, correct guesses", f"{epsilon.guesses:,}, {epsilon.correct:,}"
    yield "p-value of the claim", _NONE if epsilon.p_value is None else f"{epsilon.p_value:.2g}"
    yield "most this design could certify", at_most(epsilon.ceiling)
    power = "unknown" if epsilon.power is None else f"{epsilon.power:.0%}"
    yield "chance to detect half the noise", power
    for name, value in epsilon.parameters.items():
        yield inert(name).replace("_", " "), f"{value:g}" if isinstance(value, float) else inert(str(value))
