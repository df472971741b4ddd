"""What was run, with what, on what machine: enough to run it again."""

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from privaudit import __version__
from privaudit.results import Provenance, Tool
from privaudit.stopwatch import Stopwatch

_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "pandas")


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
