"""Limits for a part of the records are judged on the ends that hold for all parts at once."""

import pytest

from privaudit.errors import UsageError
from privaudit.gate import parse_threshold
from privaudit.gate.slices import judge_slice


@pytest.fixture
def judged(slice_of):
    def judged(expression, name="class=transfer", *rows):
        return judge_slice(parse_threshold(expression), name, rows or (slice_of(), slice_of("loan")))

    return judged


@pytest.mark.parametrize(
    ("limit", "result"),
    [(0.71, "exceeded"), (0.72, "inconclusive"), (0.85, "inconclusive"), (0.86, "holds")],
)
def test_the_ends_decide_and_a_limit_on_a_bound_is_not_exceeded(judged, limit, result):
    found = judged(f"auc>{limit}")
    assert found.result == result
    assert (found.slice, found.name) == ("class=transfer", f"auc>{limit} in class=transfer")


def test_rates_that_the_slice_cannot_support_are_inconclusive(judged, slice_of):
    measured = slice_of(tpr=(0.3, 0.2, 0.4))
    assert judged("tpr@0.05>0.1", "class=transfer", measured).result == "exceeded"
    assert judged("tpr@0.05>0.4", "class=transfer", measured).result == "holds"
    open_ = judged("tpr@0.01>1", "class=transfer", measured)
    assert open_.result == "inconclusive"
    assert "55 non-members" in open_.reason


def test_a_slice_without_a_value_is_inconclusive(judged, slice_of):
    assert judged("auc>1", "class=a", slice_of("a", auc=(None, None, None))).result == "inconclusive"


@pytest.mark.parametrize("name", ["class=trnsfer", "length=transfer", "class=Transfer"])
def test_a_slice_that_is_not_there_is_an_error_never_a_pass(judged, name):
    with pytest.raises(UsageError, match=r"it has class=transfer, class=loan\."):
        judged("auc>0.99", name)


def test_an_attack_that_the_slices_do_not_speak_of_is_an_error(judged):
    assert judged("loss:auc>0.86").result == "holds"
    with pytest.raises(UsageError, match="by loss"):
        judged("margin:auc>0.99")


def test_a_result_without_slices_says_so(result_of):
    with pytest.raises(UsageError, match="it has none"):
        judge_slice(parse_threshold("auc>0.9"), "class=transfer", result_of().slices)


def test_values_may_hold_blanks_and_equals_signs(judged, slice_of):
    row = slice_of("1-8 words = few", by="length", auc=(0.5, 0.4, 0.6))
    assert judged("auc>0.6", "length = 1-8 words = few", row).result == "holds"
