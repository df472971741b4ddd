"""The rules of the verdict, one by one."""

import pytest

from privaudit.accounting.mechanism import Mechanism
from privaudit.claim_test.hypothesis import Hypothesis
from privaudit.claim_test.verdict import control, judge

CONFIGURED = Hypothesis(1e-5, 1, Mechanism.uniform(2.0, 1.0, 1), 2.0)
ALONE = Hypothesis(1e-5, 1, None, 2.0)
UNDERSTATED = Hypothesis(1e-5, 1, Mechanism.uniform(2.0, 1.0, 1), 1.5)
BLIND = control("positive", "no noise", 0.2)
BROKEN = control("negative", "coins", 1e-5)


@pytest.mark.parametrize(
    ("hypothesis", "p_value", "power", "controls", "verdict"),
    [
        (CONFIGURED, None, None, (), "no-claim"),
        (CONFIGURED, 0.00099, 0.0, (), "violated"),
        (CONFIGURED, 0.001, 1.0, (), "inconclusive"),
        (CONFIGURED, 0.0499, 1.0, (), "inconclusive"),
        (CONFIGURED, 0.05, 0.8, (), "consistent"),
        (CONFIGURED, 0.05, 0.79, (), "inconclusive"),
        (CONFIGURED, 0.5, None, (), "inconclusive"),
        (CONFIGURED, 0.5, 1.0, (BLIND,), "inconclusive"),
        (CONFIGURED, 0.0001, 1.0, (BLIND,), "violated"),
        (CONFIGURED, 0.0001, 1.0, (BROKEN,), "inconclusive"),
        (UNDERSTATED, 0.5, 1.0, (), "inconclusive"),
        (UNDERSTATED, 0.0001, 1.0, (), "violated"),
        (ALONE, 0.5, None, (), "inconclusive"),
        (ALONE, 0.0001, None, (), "violated"),
    ],
)
def test_verdicts(hypothesis, p_value, power, controls, verdict):
    found = judge(hypothesis, p_value, power, controls)
    assert found.verdict == verdict
    assert bool(found.checklist) == (verdict == "violated")
    assert found.sentence.endswith(".")
    assert "verified" not in found.sentence.lower()


def test_a_control_passes_when_it_does_what_it_must():
    assert control("positive", "x", 1e-4).passed is True
    assert BLIND.passed is False
    assert control("negative", "x", 0.3).passed is True
    assert BROKEN.passed is False
    missing = control("positive", "x", None, "no time")
    assert (missing.passed, missing.reason) == (None, "no time")
    assert judge(CONFIGURED, 0.5, 1.0, [missing]).verdict == "consistent"
