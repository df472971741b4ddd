"""Membership thresholds are judged on interval ends, and nothing unmeasured ever passes."""

import pytest

from privaudit.errors import UsageError
from privaudit.gate import evaluate, parse_threshold
from privaudit.results import NotRun


@pytest.fixture
def outcome(membership):
    def judged(expression, *results, not_run=()):
        return evaluate(parse_threshold(expression), results or (membership(),), not_run).result

    return judged


def test_named_attack_is_judged_on_low_and_unnamed_on_low_simultaneous(outcome):
    assert outcome("loss:auc>0.54") == "exceeded"
    assert outcome("auc>0.54") == "inconclusive"
    assert outcome("auc>0.52") == "exceeded"


def test_threshold_exactly_on_a_bound_neither_fails_nor_stays_open(outcome):
    assert outcome("loss:auc>0.55") == "inconclusive"
    assert outcome("loss:auc>0.65") == "holds"


def test_any_attack_exceeds_but_all_must_hold(outcome, membership):
    strong = membership("margin", auc=(0.8, 0.75, 0.85, 0.74))
    assert outcome("auc>0.7", membership(), strong) == "exceeded"
    assert outcome("auc>0.8", membership(), strong) == "inconclusive"
    assert outcome("auc>0.85", membership(), strong) == "holds"


def test_unmeasurable_is_inconclusive_even_with_a_limit_of_one(outcome):
    assert outcome("tpr@0.001>1") == "inconclusive"


def test_missing_attack_keeps_a_threshold_from_holding_but_not_from_failing(outcome):
    missing = (NotRun(attack="label-only", reason="time"),)
    assert outcome("auc>0.9", not_run=missing) == "inconclusive"
    assert outcome("auc>0.5", not_run=missing) == "exceeded"
    assert outcome("label-only:auc>0.9", not_run=missing) == "inconclusive"


def test_attack_without_result_is_an_error_never_a_pass(membership):
    with pytest.raises(UsageError, match="The result has no number for"):
        evaluate(parse_threshold("margin:auc>0.9"), (membership(),))


def test_an_extraction_that_did_not_finish_is_nothing_to_membership(outcome):
    assert outcome("auc>0.9", not_run=(NotRun(attack="beam", reason="time", kind="extraction"),)) == "holds"


def test_the_result_names_the_attack_that_it_speaks_of(membership):
    assert evaluate(parse_threshold("auc>0.9"), (membership(),)).attack is None
    assert evaluate(parse_threshold("loss:auc>0.9"), (membership(),)).attack == "loss"
