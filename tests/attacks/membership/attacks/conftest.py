"""What the tests of single attacks share."""

import pytest

from privaudit.attacks.membership.spec import AttackContext


@pytest.fixture
def context() -> AttackContext:
    return AttackContext(seed=0)
