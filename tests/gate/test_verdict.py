"""Thresholds put together: the verdict, and the exit code that says so."""

import pytest

from privaudit.exits import Exit
from privaudit.gate import evaluate, exit_code, judge, parse_threshold
from privaudit.results import NotRun


def test_not_comparable_is_inconclusive_whatever_else_was_found(membership):
    exceeded = evaluate(parse_threshold("loss:auc>0.5"), (membership(),))
    verdict = judge([exceeded], comparable=False, on_inconclusive="pass")
    assert verdict.status == "inconclusive"
    assert exit_code(verdict, comparable=False) is Exit.INCONCLUSIVE


@pytest.mark.parametrize(
    ("expressions", "mode", "status", "code"),
    [
        ([], "4", "not-judged", Exit.OK),
        (["auc>0.9"], "4", "pass", Exit.OK),
        (["auc>0.9", "loss:auc>0.5", "auc>0.6"], "4", "fail", Exit.LEAKAGE),
        (["auc>0.9", "auc>0.6"], "4", "inconclusive", Exit.INCONCLUSIVE),
        (["auc>0.6"], "fail", "inconclusive", Exit.LEAKAGE),
        (["auc>0.6"], "pass", "inconclusive", Exit.OK),
        (["loss:auc>0.5"], "pass", "fail", Exit.LEAKAGE),
    ],
)
def test_verdict_and_exit_code(membership, expressions, mode, status, code):
    judged = [evaluate(parse_threshold(e), (membership(),)) for e in expressions]
    verdict = judge(judged, comparable=True, on_inconclusive=mode)
    assert (verdict.status, exit_code(verdict, comparable=True)) == (status, code)
    assert verdict.on_inconclusive == mode


def test_attack_cut_off_by_time_is_inconclusive_without_any_threshold():
    verdict = judge([], comparable=True, not_run=(NotRun(attack="label-only", reason="time ran out"),))
    assert exit_code(verdict, comparable=True) is Exit.INCONCLUSIVE
