"""What the tests of single attacks share."""

import pytest

from privaudit.attacks.interface import AttackContext


@pytest.fixture
def context() -> AttackContext:
    return AttackContext(seed=0)
