"""What was run, with what, on what machine: enough to run it again."""

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from privaudit import __version__
from privaudit.results import Provenance, Tool

_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "pandas")


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.stages: dict[str, float] = {}
        """Seconds of each stage that was timed, in the order of their first beginning."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the seconds inside to the stage ``name``."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.monotonic() - began

    @property
    def seconds(self) -> float:
        """Elapsed wall-clock seconds."""
        return time.monotonic() - self._start


def tool() -> Tool:
    """This program."""
    return Tool(version=__version__)


def now() -> str:
    """The current time, UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def package_versions() -> dict[str, str]:
    """Installed versions of the packages that numbers depend on; imports none of them."""
    found = {"privaudit": __version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def provenance(
    argv: Sequence[str],
    *,
    seed: int,
    watch: Stopwatch,
    threads: int | None,
    device: str | None,
    settings: Mapping[str, str],
) -> Provenance:
    """The provenance of a run that ends now."""
    return Provenance(
        argv=tuple(argv),
        seed=seed,
        threads=threads,
        device=device,
        python=platform.python_version(),
        platform=platform.platform(terse=True),
        versions=package_versions(),
        seconds=watch.seconds,
        stages=dict(watch.stages),
        settings=dict(settings),
    )
