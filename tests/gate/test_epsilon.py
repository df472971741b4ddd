"""Thresholds on epsilon: refuted from below by a bound, excluded from above by a claim that stood."""

import math

import pytest

from privaudit.errors import UsageError
from privaudit.exits import Exit
from privaudit.gate import check_attacks, evaluate, exit_code, judge, parse_threshold
from privaudit.results import Epsilon, LowerBound, NotRun


def a_bound(method="steinke", value=2.0, **fields):
    return LowerBound(method=method, value=value, confidence=0.95, assumes="fair coins", **fields)


def an_epsilon(verdict="consistent", *, accounted=8.0, bounds=None):
    return Epsilon(
        verdict=verdict,
        sentence="Why.",
        design="one-run",
        test="a test",
        accounted=accounted,
        delta=1e-5,
        lower_bounds=bounds or (a_bound("mahloujifar-mechanism", 5.0, primary=True), a_bound()),
        ceiling=6.0,
        n_in=50,
        n_out=50,
        score="loss",
        canaries="100 canaries",
        threat_model="the final model",
    )


def judged(expression, epsilon, not_run=()):
    return evaluate(parse_threshold(expression), not_run=not_run, epsilon=epsilon)


@pytest.mark.parametrize(
    ("limit", "verdict", "expected"),
    [
        (1.9, "consistent", "exceeded"),
        (2.0, "consistent", "inconclusive"),
        (4.0, "consistent", "inconclusive"),
        (8.0, "consistent", "holds"),
        (9.0, "consistent", "holds"),
        (9.0, "inconclusive", "inconclusive"),
        (9.0, "violated", "inconclusive"),
        (9.0, "no-claim", "inconclusive"),
        (math.inf, "no-claim", "inconclusive"),
        (1.9, "violated", "exceeded"),
        (1.9, "no-claim", "exceeded"),
    ],
)
def test_the_bound_that_assumes_nothing_exceeds_and_the_accounted_mechanism_holds(limit, verdict, expected):
    assert judged(f"epsilon>{limit}", an_epsilon(verdict)).result == expected


def test_a_bound_that_assumes_a_mechanism_counts_only_when_it_is_named():
    named = judged("mahloujifar-mechanism:epsilon>4", an_epsilon())
    assert (named.result, named.value) == ("exceeded", 5.0)
    assert judged("epsilon>4", an_epsilon()).result == "inconclusive"


def test_of_many_runs_the_rank_test_speaks_and_not_the_bound_for_comparison():
    bounds = (a_bound("clopper-pearson", 5.0), a_bound("rank-test-epsilon-delta", 1.0))
    assert judged("epsilon>2", an_epsilon(bounds=bounds)).result == "inconclusive"
    assert judged("clopper-pearson:epsilon>2", an_epsilon(bounds=bounds)).result == "exceeded"


def test_a_claim_without_a_mechanism_bounds_nothing_from_above():
    found = judged("epsilon>9", an_epsilon(accounted=None))
    assert found.result == "inconclusive"
    assert "names no mechanism" in found.reason


def test_the_reason_names_the_ceiling_of_an_inconclusive_design():
    found = judged("epsilon>9", an_epsilon("inconclusive"))
    assert "could reach 6 at most" in found.reason
    assert "At least 2 (steinke)" in found.reason


def test_what_holds_says_that_it_rests_on_the_accounting():
    found = judged("epsilon>9", an_epsilon())
    assert found.bound == "accounted from the claimed mechanism high"
    assert found.value == 8.0


def test_an_audit_that_did_not_finish_neither_holds_nor_exceeds():
    missing = (NotRun(attack="many-run", reason="time ran out", kind="epsilon"),)
    assert judged("epsilon>9", None, missing).result == "inconclusive"
    with pytest.raises(UsageError, match=r"no number for .*; it measured no epsilon"):
        judged("epsilon>9", None)


def test_a_bound_that_is_not_computed_is_refused_beforehand():
    with pytest.raises(UsageError, match=r"names a bound that does not run\. Name steinke, or none"):
        check_attacks([parse_threshold("nonsense:epsilon>1")], {"epsilon": ["steinke"]}, "audit")
    with pytest.raises(UsageError, match="Use epsilon here"):
        check_attacks([parse_threshold("auc>0.6")], {"epsilon": ["steinke"]}, "audit")


@pytest.mark.parametrize(
    ("verdict", "mode", "status", "code"),
    [
        ("violated", "4", "fail", Exit.LEAKAGE),
        ("violated", "pass", "fail", Exit.LEAKAGE),
        ("inconclusive", "4", "inconclusive", Exit.INCONCLUSIVE),
        ("inconclusive", "fail", "inconclusive", Exit.LEAKAGE),
        ("inconclusive", "pass", "inconclusive", Exit.OK),
        ("consistent", "4", "pass", Exit.OK),
        ("no-claim", "4", "not-judged", Exit.OK),
    ],
)
def test_the_test_of_the_claim_judges_without_any_threshold(verdict, mode, status, code):
    found = judge([], comparable=None, epsilon=an_epsilon(verdict), on_inconclusive=mode)
    assert (found.status, exit_code(found, comparable=None)) == (status, code)


def test_a_refuted_claim_goes_before_what_is_inconclusive_and_after_sets_that_differ(membership):
    open_threshold = evaluate(parse_threshold("auc>0.6"), (membership(),))
    violated = an_epsilon("violated")
    assert judge([open_threshold], comparable=True, epsilon=violated).status == "fail"
    assert judge([open_threshold], comparable=False, epsilon=violated).status == "inconclusive"


def test_an_exceeded_threshold_goes_before_an_inconclusive_claim(membership):
    exceeded = evaluate(parse_threshold("loss:auc>0.5"), (membership(),))
    assert judge([exceeded], comparable=True, epsilon=an_epsilon("inconclusive")).status == "fail"


def test_no_verdict_ever_says_that_privacy_was_verified():
    sentence = judge([], comparable=None, epsilon=an_epsilon()).sentence
    assert "verified" not in sentence
    assert "does not prove" in sentence
