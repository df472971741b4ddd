"""Attack success against what is allowed: the ROC on logarithmic axes."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from privaudit.reports.document import Figure, Table
from privaudit.reports.page.roc_lines import (
    LEAST,
    AllowedRegion,
    RocLine,
    allowed_lines,
    attack_lines,
    canary_line,
)
from privaudit.reports.svg import DOTTED, GREEN, GREY, Axis, Chart, hatching, patch, swatch
from privaudit.reports.words.numbers import NOT_MEASURED
from privaudit.results import Result
from privaudit.rounding import at_least, at_most

_NO = "not measurable"
_SHOWN = (0.001, 0.01, 0.1, 0.5)
_MOST_BANDS = 2
_BAND, _REGION, _FAINT = 0.18, 0.12, 0.35


def roc_figure(result: Result) -> Figure | None:
    """The strongest attacks, the loss attack, and every curve of the claim; None without a ROC."""
    canaries, attacks = canary_line(result.epsilon), list(attack_lines(result.membership))
    reached = attacks if canaries is None else [*attacks, canaries]
    allowed = allowed_lines(result.epsilon, result.claim)
    if not reached and (result.epsilon is None or not allowed):
        return None
    first = [line for line in (canaries, *attacks) if line is not None and line.low]
    banded = first[:_MOST_BANDS]
    return Figure(
        _chart(reached, allowed, banded).render("roc"),
        " ".join(_caption(result, reached, allowed, banded)),
        tuple(_legend(reached, allowed, banded)),
        _table([*reached, *allowed]),
    )


def _chart(reached: Sequence[RocLine], allowed: Sequence[AllowedRegion], banded: Sequence[RocLine]) -> Chart:
    chart = Chart(
        _rate("share of non-members wrongly accused (false-positive rate)"),
        _rate("share of members found (true-positive rate)"),
        "Attack success: true-positive rate against false-positive rate, both logarithmic",
        "The further a line lies above the diagonal, the more members are found for the same false alarms. "
        + " ".join(_in_words(line) for line in (*reached, *allowed)),
        height=440,
    )
    for region in (line for line in allowed if line.region):
        xs, ys = region.drawn()
        chart.band(xs, [LEAST] * len(xs), ys, GREEN, _REGION)
    chart.line((LEAST, 1.0), (LEAST, 1.0), GREY, DOTTED)
    for line in banded:
        stairs = line.stairs(max(line.least, LEAST))
        chart.band(stairs.fpr, stairs.low, stairs.high, line.colour, _BAND)
    for curve in _drawn(allowed):
        chart.line(*curve.drawn(), curve.colour, curve.dash)
    for line in reached:
        least = max(line.least, LEAST)
        for first, last, opacity in ((LEAST, least, _FAINT), (least, 1.0, 1.0)):
            stairs = line.stairs(first, last)
            chart.line(stairs.fpr, stairs.tpr, line.colour, line.dash, opacity)
    if reached:
        chart.hatched(min(line.least for line in reached))
    return chart


def _drawn(allowed: Sequence[AllowedRegion]) -> Iterator[AllowedRegion]:
    """The curves of the claim; that of another mechanism only where the claim names none."""
    exact = any(line.kind == "mechanism" for line in allowed)
    return (line for line in allowed if not (exact and line.kind == "gaussian"))


def _legend(
    reached: Sequence[RocLine], allowed: Sequence[AllowedRegion], banded: Sequence[RocLine]
) -> Iterator[tuple[Markup, str]]:
    for line in (*reached, *_drawn(allowed)):
        yield swatch(line.colour, line.dash), line.text
    yield swatch(GREY, DOTTED), "guessing"
    for line in banded:
        yield patch(line.colour, _BAND), f"95 % band of {line.text}, at all thresholds at once"
    if any(line.region for line in allowed):
        yield patch(GREEN, _REGION), "the (epsilon, delta) region: what the claim allows"
    if reached:
        yield hatching(), "too few non-members to measure"


def _caption(
    result: Result, reached: Sequence[RocLine], allowed: Sequence[AllowedRegion], banded: Sequence[RocLine]
) -> Iterator[str]:
    yield "Members found against non-members wrongly accused; both axes are logarithmic."
    if reached:
        yield (
            "Hatched: what this sample cannot measure, because fewer than ten false positives are expected "
            "there. A line is faint where its own sample is too small."
        )
    bounds = [line for line in allowed if line.bound]
    if not bounds:
        return
    yield "Green: what the claim allows. A line above it by more than chance contradicts the claim."
    epsilon = result.epsilon
    if epsilon is None:
        yield "That was not tested here. To test it, run privaudit audit."
    elif epsilon.design == "one-run":
        yield (
            "The test of this section, not the picture, says what can be chance: bands cover the sampling of "
            "records, not other trainings of the model."
        )
    else:
        yield "The canaries' band covers independently trained models, and says what can be chance."
    violated = epsilon is not None and epsilon.verdict == "violated"
    for line in reached:
        if line in banded or (violated and line.canaries):
            yield from _above(line, bounds)


def _above(line: RocLine, allowed: Sequence[AllowedRegion]) -> Iterator[str]:
    """Where a line, or the lower end of its band, lies furthest above what is allowed."""
    points = [
        (y, x, min(bound.at(x) for bound in allowed))
        for x, y in zip(line.fpr, line.low or line.tpr, strict=True)
        if x >= max(line.least, LEAST)
    ]
    y, x, most = max(points, key=lambda point: point[0] - point[2], default=(0.0, 0.0, 0.0))
    if y <= most:
        return
    what, least = ("the band of ", "at least ") if line.low else ("the line of ", "")
    yield (
        f"Here {what}{line.text} lies above it: at {at_most(100 * x)} % wrongly accused it finds {least}"
        f"{at_least(100 * y)} %, and at most {at_most(100 * most)} % is allowed."
    )


def _rate(label: str) -> Axis:
    return Axis(LEAST, 1.0, label, (1e-4, 1e-3, 1e-2, 0.1, 1.0), log=True, percent=True)


def _in_words(line: RocLine) -> str:
    found = ((100 * fpr, line.at(fpr)) for fpr in (0.01, 0.1))
    words = (f"{_NO if tpr is None else f'{100 * tpr:.3g} %'} at {at:g} %" for at, tpr in found)
    return f"{line.text}: {', '.join(words)}."


def _table(lines: Sequence[RocLine]) -> Table:
    rows = tuple((line.text, *(_cell(line, fpr) for fpr in _SHOWN)) for line in lines)
    header = ("line", *(f"TPR at {100 * fpr:g} % FPR" for fpr in _SHOWN))
    caption = (
        "The lines at four false-positive rates; in brackets the 95 % band, which is wider because it holds "
        "at all rates at once. Lines are thinned, so a rate may be slightly below that in the attack's own "
        f"table. {NOT_MEASURED}: {_NO}."
    )
    return Table(caption, header, rows, frozenset(range(1, len(_SHOWN) + 1)))


def _cell(line: RocLine, fpr: float) -> str:
    tpr, band = line.at(fpr), line.band_at(fpr)
    if tpr is None:
        return NOT_MEASURED
    if band is None:
        return f"{100 * tpr:.3g} %"
    low, high = at_least(100 * band[0], places=1), at_most(100 * band[1], places=1)
    return f"{100 * tpr:.3g} % [{low}, {high}]"
