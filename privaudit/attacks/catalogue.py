"""A catalogue of attacks: every module of a package adds its own when it is imported."""

import importlib
import pkgutil
from typing import Generic, TypeVar

from privaudit.errors import UsageError

T = TypeVar("T")


class Catalogue(Generic[T]):
    """Attacks of one kind by id.

    Args:
        package: whose modules hold the attacks, one each.
        kind: what an entry is called in messages.
    """

    def __init__(self, package: str, kind: str) -> None:
        self._package, self._kind = package, kind
        self._added: dict[str, T] = {}
        self._all: dict[str, T] | None = None

    def add(self, attack_id: str, attack: T) -> None:
        """Add one.

        Raises:
            ValueError: another one has the id already.
        """
        if attack_id in self._added:
            raise ValueError(f"{self._kind.capitalize()} {attack_id!r} is registered twice.")
        self._added[attack_id] = attack

    def all(self) -> dict[str, T]:
        """All of them, sorted by id; the modules are imported the first time."""
        if self._all is None:
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{package.__name__}.{module.name}")
            self._all = dict(sorted(self._added.items()))
        return self._all

    def find(self, attack_id: str) -> T:
        """The one with this id.

        Raises:
            UsageError: none has it.
        """
        attacks = self.all()
        if attack_id not in attacks:
            raise UsageError(f"Unknown {self._kind} {attack_id!r}", 'Run "privaudit attacks list"')
        return attacks[attack_id]
