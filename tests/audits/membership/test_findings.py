"""Per-record numbers exist only where references can be compared."""

import numpy as np
import pytest

from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext
from privaudit.audits.membership.findings import _record_risk
from privaudit.audits.membership.units import units_of


@pytest.mark.parametrize(("inside", "known"), [("all", False), ("none", False), ("some", True)])
def test_record_risk_needs_references_that_saw_some_of_the_records(inside, known):
    rng = np.random.default_rng(0)
    n, k = 30, 4
    coins = {"all": np.ones((k, n), bool), "none": np.zeros((k, n), bool), "some": rng.random((k, n)) < 0.5}
    ids, member = [str(i) for i in range(n)], np.arange(n) < n // 2
    signals = Signals(
        ids=ids,
        member=member,
        label=rng.integers(0, 3, n),
        target_logits=rng.normal(size=(n, 3)),
        reference_logits=rng.normal(size=(k, n, 3)),
        reference_in=coins[inside],
    )
    risk, agreement = _record_risk(signals, units_of(ids, member, None), AttackContext(0))
    assert (risk is not None) == known
    assert agreement is None  # with so few records nothing is comparable
