"""How the numbers of a sweep are written."""

from privaudit.inert import inert
from privaudit.reports.words.numbers import NOT_MEASURED
from privaudit.results import Sweep, SweepDefence


def planted(sweep: Sweep) -> str:
    """What every model was trained on."""
    label = "a class of its own" if sweep.own_label else f"the class {inert(sweep.label)}"
    copies = "1 copy" if sweep.repetitions == 1 else f"{sweep.repetitions:,} copies"
    pattern = inert(sweep.pattern)
    return f"Each model was trained on {copies} of {pattern!r} with a secret of its own under {label}"


def exact_matches(row: SweepDefence) -> str:
    """Models whose secret was recovered, of how many, with the interval of the rate."""
    if row.exact_matches is None:
        return NOT_MEASURED
    rate = row.exact_match_rate
    limits = "" if rate.low is None or rate.high is None else f" [{rate.low:.0%}, {rate.high:.0%}]"
    return f"{row.exact_matches} of {row.n_models}{limits}"


def accuracy(row: SweepDefence) -> str:
    """The mean over models with its spread."""
    if row.accuracy.value is None:
        return NOT_MEASURED
    spread = row.accuracy.standard_deviation
    return f"{row.accuracy.value:.1%}" + ("" if spread is None else f" ± {100 * spread:.1f}")
