from collections.abc import Callable

import pytest

from privaudit.errors import PrivauditError


@pytest.fixture
def fails(bomb: object) -> Callable[..., str]:
    """Check that a call raises exactly this class with a one-line message, and that no bomb went off."""

    def check(
        kind: type[PrivauditError], call: Callable[..., object], *args: object, **options: object
    ) -> str:
        with pytest.raises(kind) as caught:
            call(*args, **options)
        assert type(caught.value) is kind
        message = str(caught.value)
        assert "\n" not in message
        assert not message.startswith("Expected ")
        assert message.endswith(".")
        assert len(message) < 700
        assert not bomb.path.exists()
        return message

    return check
