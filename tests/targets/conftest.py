import os
from collections.abc import Callable
from pathlib import Path

import pytest

from privaudit.errors import PrivauditError


class Bomb:
    """Unpickling it creates a file: the proof that code ran."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def bomb(tmp_path: Path) -> Bomb:
    return Bomb(tmp_path / "it-went-off")


@pytest.fixture
def fails(bomb: Bomb) -> Callable[..., str]:
    """Check that a call raises exactly this class with a one-line message, and that no bomb went off."""

    def check(
        kind: type[PrivauditError], call: Callable[..., object], *args: object, **options: object
    ) -> str:
        with pytest.raises(kind) as caught:
            call(*args, **options)
        assert type(caught.value) is kind
        message = str(caught.value)
        assert "\n" not in message
        assert message.startswith("Expected ")
        assert len(message) < 700
        assert not bomb.path.exists()
        return message

    return check
