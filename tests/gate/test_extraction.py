"""Extraction thresholds: the worst planted canary counts, a control never, and a sample ends somewhere."""

import math

import pytest

from privaudit.errors import UsageError
from privaudit.gate import evaluate, parse_threshold
from privaudit.results import NotRun


def judged(expression, *results, not_run=()):
    return evaluate(parse_threshold(expression), (), not_run, results)


def missing(attack, canary=None, kind="extraction"):
    return (NotRun(attack=attack, reason="time ran out", kind=kind, canary=canary),)


@pytest.mark.parametrize(
    ("limit", "expected"), [(13.2, "exceeded"), (13.3, "holds"), (13.4, "holds"), ("inf", "holds")]
)
def test_an_exact_exposure_on_the_limit_holds_and_above_it_exceeds(extraction, limit, expected):
    assert judged(f"exposure>{limit}", extraction()).result == expected
    assert judged(f"enumerate:exposure>{limit}", extraction()).result == expected


def test_the_worst_canary_and_attack_decide_and_are_named(extraction):
    rows = [
        extraction("c1", "relaxed", exposure=(1.0, 1.0, 1.0)),
        extraction("c2", "relaxed", exposure=(9.0, 9.0, 9.0)),
        extraction("c1", "beam", exposure=(11.0, 11.0, 11.0)),
    ]
    assert judged("exposure>10", *rows).bound == "beam on c1 low"
    assert judged("exposure>10", *rows).result == "exceeded"
    holds = judged("relaxed:exposure>10", *rows)
    assert (holds.result, holds.bound, holds.value) == ("holds", "relaxed on c2 high", 9.0)


def test_an_interval_around_the_limit_is_inconclusive(extraction):
    row = extraction(exposure=(9.0, 8.0, 11.0), rank_exact=False)
    assert judged("exposure>7.9", row).result == "exceeded"
    assert judged("exposure>8", row).result == "inconclusive"
    assert judged("exposure>10.9", row).result == "inconclusive"
    assert judged("exposure>11", row).result == "holds"


def test_several_intervals_are_read_at_their_simultaneous_ends(extraction):
    sampled = {"exposure": (9.0, 8.0, 11.0, 7.0), "rank_exact": False}
    one, other = extraction("c1", **sampled), extraction("c2", **sampled)
    assert judged("enumerate:exposure>7.5", one).bound == "enumerate on c1 low"
    assert judged("exposure>7.5", one).result == "inconclusive"
    assert judged("enumerate:exposure>7.5", one, other).result == "inconclusive"
    assert judged("enumerate:exposure>6.5", one, other).bound == "enumerate on c1 low_simultaneous"


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(9, "exceeded"), (12, "inconclusive"), (13.3, "inconclusive"), (20, "inconclusive")],
)
def test_a_sample_says_nothing_above_its_ceiling(extraction, limit, expected):
    found = judged(f"exposure>{limit}", extraction(exposure=(13.3, 9.6, 13.3), rank_exact=False))
    assert found.result == expected
    if expected == "inconclusive":
        assert found.value is None
        assert "enumerate on c1 reaches 13.3 bits, the most that a sample of this size" in found.reason


def test_an_upper_end_above_the_ceiling_of_the_sample_is_one(extraction):
    row = extraction(exposure=(13.3, 9.6, 33.2), rank_exact=False)
    assert judged("exposure>33.2", row).result == "holds"
    assert judged("exposure>20", row).result == "inconclusive"
    assert judged("exposure>33.2", extraction(exposure=(13.3, 9.6, math.inf), rank_exact=False)).result == (
        "inconclusive"
    )


def test_below_its_ceiling_a_sample_can_exclude(extraction):
    assert judged("exposure>10", extraction(exposure=(5.0, 4.0, 6.0), rank_exact=False)).result == "holds"


def test_a_canary_without_exposure_keeps_a_threshold_from_holding_and_says_why(extraction):
    unknown = extraction("c2", exposure=(None, None, None), reason="the label is not in the model")
    found = judged("exposure>10", extraction(exposure=(1.0, 1.0, 1.0)), unknown)
    assert (found.result, found.value) == ("inconclusive", None)
    assert "enumerate on c2 has no exposure: the label is not in the model" in found.reason
    assert judged("exposure>10", extraction(), unknown).result == "exceeded"


@pytest.mark.parametrize("metric", ["exposure", "extracted"])
def test_controls_never_count(extraction, metric):
    control = extraction("c2", exact_match=True, included=False)
    planted = extraction(exposure=(1.0, 1.0, 1.0))
    assert judged(f"{metric}>2", planted, control).result == "holds"
    found = judged(f"{metric}>0", control)
    assert (found.result, found.reason) == ("inconclusive", "No canary was in the training data.")


def test_extracted_counts_canaries_and_not_attacks(extraction):
    rows = [
        extraction("c1", "enumerate", exact_match=True),
        extraction("c1", "beam", exact_match=True),
        extraction("c2", "beam", exact_match=True),
        extraction("c3", "enumerate"),
    ]
    found = judged("extracted>1", *rows)
    assert (found.result, found.value, found.bound) == ("exceeded", 2, "count")
    assert "2 of 3 planted canaries recovered exactly (by enumerate, beam)" in found.reason
    assert judged("extracted>2", *rows).result == "holds"
    assert judged("enumerate:extracted>0", *rows).value == 1
    assert judged("enumerate:extracted>1", *rows).result == "holds"


@pytest.mark.parametrize("metric", ["exposure", "extracted"])
@pytest.mark.parametrize("canary", [None, "c9"])
def test_what_did_not_finish_keeps_a_threshold_from_holding_but_not_from_failing(extraction, metric, canary):
    gone = missing("beam", canary)
    row = extraction(exact_match=True)
    assert judged(f"{metric}>0", row, not_run=gone).result == "exceeded"
    found = judged(f"{metric}>20", row, not_run=gone)
    assert found.result == "inconclusive"
    assert "beam on c9" in found.reason if canary else "Not finished: beam." in found.reason
    assert judged(f"enumerate:{metric}>20", row, not_run=gone).result == "holds"
    assert judged(f"beam:{metric}>20", row, not_run=gone).result == "inconclusive"


def test_membership_that_did_not_finish_is_nothing_to_extraction(extraction):
    other = missing("label-only", kind="membership")
    assert judged("exposure>20", extraction(), not_run=other).result == "holds"


@pytest.mark.parametrize("expression", ["beam:exposure>3", "beam:extracted>0", "epsilon>1"])
def test_an_attack_without_result_is_an_error_never_a_pass(extraction, expression):
    with pytest.raises(UsageError, match="The result has no number for"):
        judged(expression, extraction())
