"""Thresholds are judged on interval ends, and nothing unmeasured ever passes."""

import pytest

from privaudit.errors import UsageError
from privaudit.exits import Exit
from privaudit.gate import check_attacks, evaluate, exit_code, judge, parse_threshold
from privaudit.results import FPRS, Interval, Membership, NotRun, Roc, TprAtFpr


def membership(attack="loss", *, auc=(0.6, 0.55, 0.65, 0.53), tpr=(0.05, 0.03, 0.08, 0.02)):
    value, low, high, joint = auc
    interval = Interval(value=value, low=low, high=high, low_simultaneous=joint)
    rates = tuple(
        TprAtFpr(fpr=f, tpr=tpr[0], low=tpr[1], high=tpr[2], low_simultaneous=tpr[3], measurable=True)
        if f >= 0.01
        else TprAtFpr(fpr=f, tpr=None, low=None, high=None, measurable=False)
        for f in FPRS
    )
    return Membership(
        attack=attack,
        access="score",
        n_members=1000,
        n_nonmembers=1000,
        n_references=0,
        auc=interval,
        auc_within_class=interval,
        tpr_at_fpr=rates,
        advantage=interval,
        seconds=0.1,
        roc=Roc(fpr=(0.0, 1.0), tpr=(0.0, 1.0)),
    )


def outcome(expression, *results, not_run=()):
    return evaluate(parse_threshold(expression), results or (membership(),), not_run).result


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("loss:auc>0.5", ("loss", "auc", None, 0.5)),
        ("tpr@0.01>0.05", (None, "tpr", 0.01, 0.05)),
        (" tpr @ 0.1 > 0 ", (None, "tpr", 0.1, 0.0)),
        ("lira-online:tpr@0.0001>1e-3", ("lira-online", "tpr", 0.0001, 0.001)),
        ("exposure>10", (None, "exposure", None, 10.0)),
    ],
)
def test_parse_reads_every_part(expression, expected):
    parsed = parse_threshold(expression)
    assert (parsed.attack, parsed.metric, parsed.fpr, parsed.limit) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "auc",
        "auc<0.5",
        "auc>=0.5",
        "auc>nan",
        "auc>x",
        "auc>1.5",
        "auc>-0.1",
        "tpr>0.1",
        "tpr@>0.1",
        "tpr@0.02>0.1",
        "tpr@nan>0.1",
        "auc@0.01>0.5",
        "accuracy>0.5",
        "a:b:auc>0.5",
        "auc>0.5>0.6",
    ],
)
def test_parse_refuses_what_it_cannot_judge(expression):
    with pytest.raises(UsageError):
        parse_threshold(expression)


def test_named_attack_is_judged_on_low_and_unnamed_on_low_simultaneous():
    assert outcome("loss:auc>0.54") == "exceeded"
    assert outcome("auc>0.54") == "inconclusive"
    assert outcome("auc>0.52") == "exceeded"


def test_threshold_exactly_on_a_bound_neither_fails_nor_stays_open():
    assert outcome("loss:auc>0.55") == "inconclusive"
    assert outcome("loss:auc>0.65") == "holds"


def test_any_attack_exceeds_but_all_must_hold():
    strong = membership("margin", auc=(0.8, 0.75, 0.85, 0.74))
    assert outcome("auc>0.7", membership(), strong) == "exceeded"
    assert outcome("auc>0.8", membership(), strong) == "inconclusive"
    assert outcome("auc>0.85", membership(), strong) == "holds"


def test_unmeasurable_is_inconclusive_even_with_a_limit_of_one():
    assert outcome("tpr@0.001>1") == "inconclusive"


def test_missing_attack_keeps_a_threshold_from_holding_but_not_from_failing():
    missing = (NotRun(attack="label-only", reason="time"),)
    assert outcome("auc>0.9", not_run=missing) == "inconclusive"
    assert outcome("auc>0.5", not_run=missing) == "exceeded"
    assert outcome("label-only:auc>0.9", not_run=missing) == "inconclusive"


def test_attack_without_result_is_an_error_never_a_pass():
    with pytest.raises(UsageError, match="an attack with a result"):
        evaluate(parse_threshold("margin:auc>0.9"), (membership(),))


@pytest.mark.parametrize("expression", ["margin:auc>0.9", "epsilon>1", "exposure>3", "extracted>0"])
def test_thresholds_on_what_will_not_run_are_refused_before_the_work(expression):
    with pytest.raises(UsageError):
        check_attacks([parse_threshold(expression)], ["loss"], "mia")


def test_not_comparable_is_inconclusive_whatever_else_was_found():
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
def test_verdict_and_exit_code(expressions, mode, status, code):
    judged = [evaluate(parse_threshold(e), (membership(),)) for e in expressions]
    verdict = judge(judged, comparable=True, on_inconclusive=mode)
    assert (verdict.status, exit_code(verdict, comparable=True)) == (status, code)
    assert verdict.on_inconclusive == mode


def test_attack_cut_off_by_time_is_inconclusive_without_any_threshold():
    verdict = judge([], comparable=True, not_run=(NotRun(attack="label-only", reason="time ran out"),))
    assert exit_code(verdict, comparable=True) is Exit.INCONCLUSIVE
