"""The self-check: what keeps a limit, what it prints, and how it fails."""

import json

import numpy as np
import pytest

from privaudit.cli import selftest_run
from privaudit.exits import Exit
from privaudit.progress import SILENT
from privaudit.selftest import golden
from privaudit.selftest.attacks import attack_checks
from privaudit.selftest.check import Check, false_alarm_limit
from privaudit.selftest.controls import control_checks
from privaudit.selftest.golden import golden_checks
from privaudit.selftest.run import QUICK, run_selftest


def test_a_check_keeps_its_limit_or_not():
    assert Check("power", "x", 0.5, 0.5, "at most").passed
    assert not Check("power", "x", 0.51, 0.5, "at most").passed
    assert not Check("power", "x", 0.49, 0.5, "at least").passed
    assert Check("power", "x", 0.49, 0.5, "equal to", 0.011).passed
    assert not Check("power", "x", 0.48, 0.5, "equal to", 0.011).passed
    for must_be in ("at most", "at least", "equal to"):
        assert not Check("power", "x", float("nan"), 0.5, must_be).passed


def test_the_limit_shrinks_with_more_repeats():
    assert false_alarm_limit(1000) == pytest.approx(0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000))
    assert false_alarm_limit(10_000) < false_alarm_limit(1000) < false_alarm_limit(1000, 9999)


def test_known_answers_are_found_and_wrong_ones_noticed(monkeypatch):
    assert all(check.passed for check in golden_checks())
    monkeypatch.setattr(golden.steinke, "p_value", lambda *_: 0.05)
    wrong = [check.name for check in golden_checks() if not check.passed]
    assert wrong == ["Steinke, p-value", "Steinke, bound"]


def test_controls_of_the_verdict_hold():
    found = list(control_checks(1_999, np.random.default_rng(0)))
    assert len(found) == 4
    assert all(check.passed for check in found)


def test_an_attack_that_reads_membership_is_noticed(monkeypatch):
    from privaudit.attacks.membership import registry

    def cheat(signals, context):
        del context
        return signals.member + np.random.default_rng(0).normal(size=len(signals.member))

    attacks = dict(registry.membership_attacks())
    loss = attacks["loss"]
    monkeypatch.setattr(
        "privaudit.selftest.attacks.membership_attacks",
        lambda: {"class-threshold": type(loss)(loss.spec, cheat)},
    )
    found = {c.name: c for c in attack_checks(20, 200, 0, SILENT)}
    assert not found["AUC interval excludes 0.5, class-threshold"].passed
    assert not found["AUC interval excludes 0.5, all"].passed


def test_an_attack_that_sees_nothing_is_noticed(monkeypatch):
    from privaudit.attacks.membership import registry

    loss = registry.membership_attacks()["loss"]
    blind = type(loss)(loss.spec, lambda signals, _: np.zeros(len(signals)))
    monkeypatch.setattr("privaudit.selftest.attacks.membership_attacks", lambda: {"loss": blind})
    found = {c.name: c for c in attack_checks(5, 200, 0, SILENT)}
    assert found["AUC interval excludes 0.5, loss"].passed
    assert not found["AUC where members differ, loss"].passed


CHECKS = (
    Check("golden values", "one", 1.0, 1.0, "equal to", 1e-9),
    Check("power", "two", 0.9, 0.8, "at least"),
)


def test_all_is_well(monkeypatch, capsys):
    monkeypatch.setattr(selftest_run, "run_selftest", lambda *_: CHECKS)
    code = selftest_run.run(quick=True, seed=0, as_json=False, quiet=False, no_color=True)
    shown = capsys.readouterr()
    assert code == Exit.OK
    assert "golden values:\n  ok    one" in shown.out
    assert "All 2 checks kept their limits." in shown.err


def test_a_failing_installation_is_an_internal_error(monkeypatch, capsys):
    failed = (
        *CHECKS,
        Check("attacks", "three", 0.4, 0.07, "at most"),
        Check("power", "four", np.nan, 0, "at least"),
    )
    monkeypatch.setattr(selftest_run, "run_selftest", lambda *_: failed)
    assert selftest_run.run(quick=True, seed=0, as_json=False, quiet=True, no_color=True) == Exit.INTERNAL
    shown = capsys.readouterr()
    assert "FAIL  three" in shown.out
    assert shown.err.startswith("privaudit: 2 of 4 checks failed, first: three.")
    assert selftest_run.run(quick=True, seed=3, as_json=True, quiet=True, no_color=True) == Exit.INTERNAL
    content = json.loads(capsys.readouterr().out)
    assert content["passed"] is False
    assert (content["seed"], content["quick"]) == (3, True)
    assert [c["passed"] for c in content["checks"]] == [True, True, False, False]
    assert content["checks"][3]["value"] is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_quick_self_check_passes(seed):
    found = run_selftest(QUICK, seed)
    assert {c.section for c in found} == {
        "golden values", "nothing to find", "never above the truth", "power", "controls", "attacks",
    }  # fmt: skip
    assert [c.name for c in found if not c.passed] == []
