"""The verdict in words for the person who signs it."""

from collections.abc import Iterator
from itertools import islice

from privaudit.inert import inert
from privaudit.reports.document import Block, Listing, Section, Sentence, Table
from privaudit.reports.findings import rests_on_sets_that_differ
from privaudit.reports.page.action import refuted
from privaudit.reports.words.extraction import plain_words
from privaudit.reports.words.limits import in_words
from privaudit.reports.words.reversed_attacks import worse_than_guessing
from privaudit.results import Epsilon, Result, ThresholdResult

_WORDS = {
    "pass": "The model stays within its limits.",
    "fail": "The model reveals more about its training texts than the limits allow.",
    "inconclusive": "No verdict: this audit could not decide.",
    "not-judged": "Measured only: no limit was set.",
}
_UNREFUTED = "The test of the privacy claimed for this model found nothing against it."
_REFUTED = "The privacy claimed for this model does not hold."
_REFUTED_SWEEP = "The privacy that training was configured for does not hold."
_UNTESTED = "The privacy claimed for this model was not tested."
_UNLIKE = (
    "The training texts and the texts they are compared with can be told apart without the model, which can "
    "hide leakage or look like it."
)
_PERHAPS_UNLIKE = (
    "It was not decided whether the training texts and the texts they are compared with are alike; if they "
    "are not, these numbers say little."
)
_INCOMPARABLE = (
    "The training texts and the texts they are compared with can be told apart without the model, so an "
    "attacker's success says nothing about it."
)
_OFTEN = 1e9
_MARKS = {"exceeded": "✗ exceeded", "holds": "✓ holds", "inconclusive": "? inconclusive"}
_WAIVED = "✗ exceeded, waived"
_UNJUDGED = "? not judged"


def sentence(result: Result) -> str:
    """What was found, without jargon, with the limit that decided."""
    return " ".join(_sentences(result))


def thresholds(result: Result) -> Section:
    """Every limit with what was found in words and the end of the interval that decided."""
    items = result.verdict.thresholds
    if not items:
        tested = refuted(result) or (result.epsilon is not None and result.epsilon.verdict != "no-claim")
        judged = "; the verdict is that of the test of the claimed privacy" if tested else ""
        return Section("limits", "Limits", (Sentence(f"No limit was set{judged}."),))
    table = Table(
        "A limit is exceeded when the lower end of the 95 % interval is above it, and holds when the upper "
        "end is not; anything between is undecided. A limit that names no attack covers all that ran.",
        ("limit", "result", "in words", "decided by", "value"),
        tuple(_row(item, result) for item in items),
        frozenset({4}),
    )
    return Section("limits", "Limits", (table, *_below(result)))


def _row(item: ThresholdResult, result: Result) -> tuple[str, ...]:
    """Sets that differ leave every limit on membership undecided, whatever its interval says."""
    unjudged = rests_on_sets_that_differ(item, result)
    return (
        inert(item.name),
        _UNJUDGED if unjudged else _WAIVED if item.is_waived else _MARKS[item.result],
        _INCOMPARABLE if unjudged else in_words(item, _unit(result)),
        inert(item.reason if item.value is None else item.bound),
        "" if item.value is None else f"{item.value:.4g}",
    )


def _below(result: Result) -> Iterator[Block]:
    """Waivers with their owners and expiry, and what would decide the open limits."""
    items = result.verdict.thresholds
    if waived := [item for item in items if item.is_waived]:
        yield Sentence("Exceeded, and accepted by an owner:", "strong")
        yield Listing(tuple(f"{inert(item.name)}: {inert(item.waiver or '')}" for item in waived))
    if open_ := [item for item in items if item.advice]:
        yield Sentence("What it takes to decide the rest:", "strong")
        yield Listing(tuple(f"{inert(item.name)}: {inert(item.advice or '')}" for item in open_))
    if result.verdict.policy is not None:
        yield Sentence(f"Limits from {inert(result.verdict.policy)}.", "small")


def _sentences(result: Result) -> Iterator[str]:
    verdict = result.verdict
    if verdict.status == "fail" and refuted(result):
        yield from _refutation(result)
        yield from _others(len(_decisive(result)), "fail", "")
    else:
        yield _opening(result)
        yield from _findings(result)
    if waived := sum(item.is_waived for item in verdict.thresholds):
        yield f"{waived} exceeded {'limit is' if waived == 1 else 'limits are'} waived."
    if verdict.status in ("pass", "not-judged"):
        yield from _doubts(result)


def _opening(result: Result) -> str:
    verdict = result.verdict
    if verdict.status != "pass":
        return _WORDS[verdict.status]
    if not verdict.thresholds:
        return _UNREFUTED
    waived = sum(item.is_waived for item in verdict.thresholds)
    if not waived:
        return _WORDS["pass"]
    total = len(verdict.thresholds)
    which = "its limit" if total == 1 else f"{waived} of its {total} limits"
    return f"The model exceeds {which}, and an owner has accepted that."


def _findings(result: Result) -> Iterator[str]:
    """What decided, or what kept the audit from deciding."""
    verdict, epsilon = result.verdict, result.epsilon
    decisive = _decisive(result)
    if verdict.status == "inconclusive" and result.data.blind_baseline.forbids_verdict:
        yield _INCOMPARABLE
    elif decisive:
        first = decisive[0]
        formal = first.name if first.value is not None else f"{first.name}: {first.reason}"
        yield f"{in_words(first, _unit(result))} [{inert(formal)}]"
        yield from _others(len(decisive) - 1, verdict.status)
    elif verdict.status == "inconclusive" and result.not_run:
        first_gone = result.not_run[0]
        yield f"{inert(first_gone.attack)} was requested and did not finish. {inert(first_gone.reason)}"
    elif verdict.status == "inconclusive" and epsilon is not None:
        yield f"The test of the claimed privacy neither refutes nor supports it. {inert(epsilon.sentence)}"
    elif verdict.status == "not-judged":
        yield from _headline(result)
    elif not any(item.is_waived for item in verdict.thresholds):
        yield inert(verdict.sentence)


def _doubts(result: Result) -> Iterator[str]:
    """What a reader of the verdict alone must not miss."""
    if result.verdict.status == "pass" and any(row.included and row.exact_match for row in result.extraction):
        yield next(iter(plain_words(result.extraction)))
    if result.claim is not None and result.claim.epsilon is not None and result.epsilon is None:
        yield _UNTESTED
    if not result.membership:
        return
    yield from worse_than_guessing(result.membership)
    baseline = result.data.blind_baseline
    if baseline.comparable is None:
        yield _PERHAPS_UNLIKE
    elif not baseline.comparable:
        yield _UNLIKE


def _headline(result: Result) -> Iterator[str]:
    """What was found, where no limit judges it."""
    if result.epsilon_sweep is not None:
        yield inert(result.epsilon_sweep.sentence)
    if result.sweep is not None and result.sweep.finding is not None:
        yield inert(result.sweep.finding.sentence)
    best = max((row.auc.value for row in result.membership if row.auc.value is not None), default=None)
    if best is not None:
        yield (
            f"An attacker shown one of the {_unit(result)} in the training data and one from outside picks "
            f"the right one about {100 * best:.0f} % of the time (guessing: 50 %)."
        )
    said = plain_words(result.extraction, result.not_run) if result.extraction else ()
    yield from islice(map(inert, said), 2 if result.not_run else 1)


def _decisive(result: Result) -> list[ThresholdResult]:
    """The limits that made the verdict what it is, the first of them first."""
    wanted = {"fail": "exceeded", "inconclusive": "inconclusive", "pass": "holds"}.get(result.verdict.status)
    return [item for item in result.verdict.thresholds if item.result == wanted and not item.is_waived]


def _others(count: int, status: str, more: str = "more ") -> Iterator[str]:
    if count > 0:
        said = {"fail": "exceeded", "inconclusive": "undecided"}.get(status, "met")
        yield f"{count} {more}{'limit is' if count == 1 else 'limits are'} {said}."


def _refutation(result: Result) -> Iterator[str]:
    epsilon, sweep = result.epsilon, result.epsilon_sweep
    if epsilon is not None and epsilon.verdict == "violated":
        yield from (_REFUTED, _how_often(epsilon))
    elif sweep is not None:
        yield from (_REFUTED_SWEEP, inert(sweep.sentence))


def _how_often(epsilon: Epsilon) -> str:
    claimed = "" if epsilon.claimed is None else f" (epsilon {epsilon.claimed:.3g})"
    said = f"An attack recognises training data more often than the claim{claimed} allows"
    if epsilon.p_value is None or epsilon.p_value <= 0:
        return f"{said}."
    often = "a billion" if epsilon.p_value < 1 / _OFTEN else f"{int(1 / epsilon.p_value):,}"
    return f"{said}; if the claim were true, that would happen in at most one of {often} audits."


def _unit(result: Result) -> str:
    return "records" if result.data.n_groups is None else "people or groups"
