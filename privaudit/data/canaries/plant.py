"""Planting: canaries into records, and the planted data with its manifest into files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from privaudit.data.canaries.candidates import complete_lists
from privaudit.data.canaries.draws import CanaryStream, draw_coins, draw_labels, draw_secrets
from privaudit.data.canaries.manifest import Canary, Include, Manifest, SourceFile
from privaudit.data.canaries.pattern import Pattern, parse_patterns
from privaudit.data.columns import Columns
from privaudit.data.readers import file_sha256, read_records
from privaudit.data.records import Records
from privaudit.data.writers import check_writable_format, encode_records
from privaudit.errors import DataError, UsageError
from privaudit.files import PRIVATE, replaced

MOST_COPIES = 1_000_000
MOST_CANARIES = 10_000

_PLANTED = re.compile(r"canary-[0-9]+(/[0-9]+)?")


@dataclass(frozen=True)
class PlantingSettings:
    """What shall be planted, and how."""

    patterns: tuple[str, ...]
    """As in :mod:`privaudit.data.canaries.pattern`."""
    label: str = "own"
    """``own``: a new class; ``random``: a class of the data per canary; else the name of one of the data."""
    repetitions: int = 100
    """Copies of every canary that is included, 1 or more."""
    count: int = 1
    """Canaries per pattern, 1 or more."""
    include: Include = "all"
    """``coin``: an independent fair coin per canary decides."""
    seed: int = 0
    """Not negative."""
    candidates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The user's own lists by name."""


@dataclass(frozen=True, eq=False)
class Planted:
    """Data with canaries in them."""

    records: Records
    """The given records in their order, with the copies at random places among them."""
    manifest: Manifest
    """Without files."""
    patterns: tuple[Pattern, ...]
    """``count`` canaries of each, in this order."""

    def first_of_each_pattern(self) -> list[tuple[Pattern, Canary]]:
        """Every pattern with its first canary."""
        per_pattern = len(self.manifest.canaries) // len(self.patterns)
        return list(zip(self.patterns, self.manifest.canaries[::per_pattern], strict=True))

    @property
    def n_copies(self) -> int:
        """Planted records."""
        return sum(canary.repetitions for canary in self.manifest.canaries if canary.included)


def plant(records: Records, settings: PlantingSettings) -> Planted:
    """Put canaries into records.

    Secrets are uniform over the fillings of their pattern, slots being independent, given that no two texts
    are equal (after normalisation) and none occurs in the data as a run of whole words.

    Args:
        records: the clean data, without membership.
        settings: what to plant.

    Raises:
        UsageError: a pattern, list, label or number that is not possible.
        DataError: records that are planted already or say who is a member, or that hold so many of the
            possible texts that no new one is found.
    """
    _check(records, settings)
    patterns = parse_patterns(settings.patterns)
    given = dict(settings.candidates)
    for pattern in patterns:
        given |= pattern.inline
    wanted = [slot.candidates for pattern in patterns for slot in pattern.slots]
    lists = complete_lists(wanted, given, records.texts)
    templates = [pattern.template(lists) for pattern in patterns]
    secrets = draw_secrets(templates, settings.count, settings.seed, records.texts)
    n = len(secrets)
    labels = draw_labels(n, settings.label, settings.seed, records.labels)
    included = [True] * n if settings.include == "all" else draw_coins(n, settings.seed)
    canaries = tuple(
        Canary(
            id=f"canary-{i + 1}",
            prefix=patterns[i // settings.count].prefix,
            slots=patterns[i // settings.count].slots,
            label=labels[i],
            repetitions=settings.repetitions,
            included=included[i],
            secret=secrets[i],
        )
        for i in range(n)
    )
    manifest = Manifest(lists=lists, canaries=canaries, include=settings.include, seed=settings.seed)
    return Planted(_mixed(records, manifest, settings.seed), manifest, patterns)


def plant_file(
    data: Path, settings: PlantingSettings, *, output: Path, manifest: Path, columns: Columns | None = None
) -> Planted:
    """Plant canaries into a data file; both files written have mode 0600.

    Args:
        data: CSV, TSV, JSONL or Parquet.
        settings: what to plant.
        output: the planted data, CSV, TSV or JSONL; they hold ids, labels, texts and groups.
        manifest: what :func:`privaudit.data.canaries.manifest.read_manifest` reads.
        columns: of ``data``.

    Returns:
        What was planted; its manifest names both data files.

    Raises:
        UsageError: as :func:`plant`, or a file cannot be written, or is one of the others.
        DataError: as :func:`plant`, or the data cannot be read.
    """
    check_writable_format(output)
    if len({path.resolve() for path in (data, output, manifest)}) < 3:
        raise UsageError("The data, -o and --manifest name the same file twice", "Change -o or --manifest")
    records = read_records(data, columns or Columns())
    planted = plant(records, settings)
    content = encode_records(planted.records, output)
    written = planted.manifest.model_copy(
        update={
            "source": SourceFile(file=data.name, sha256=file_sha256(data)),
            "planted": SourceFile(file=output.name, sha256=sha256(content).hexdigest()),
        }
    )
    # NOTE: the manifest first, because without it the planted secrets would be unknown.
    _write(manifest, written.model_dump_json(indent=1).encode(), "--manifest")
    _write(output, content, "-o")
    return Planted(planted.records, written, planted.patterns)


def _check(records: Records, settings: PlantingSettings) -> None:
    for name, value in (("repetitions", settings.repetitions), ("count", settings.count)):
        if value < 1:
            raise UsageError(f"--{name} is {value}", "Give 1 or more")
    n_canaries = len(settings.patterns) * settings.count
    if n_canaries > MOST_CANARIES:
        raise UsageError(
            f"{n_canaries:,} canaries are too many",
            f"Lower --count: at most {MOST_CANARIES:,} canaries in all",
        )
    if n_canaries * settings.repetitions > MOST_COPIES:
        raise UsageError(
            f"{n_canaries * settings.repetitions:,} copies are too many",
            f"Lower --repetitions: at most {MOST_COPIES:,} copies in all",
        )
    if records.member is not None:
        raise DataError(
            "The data has a membership column, but seeded coins decide who is in",
            "Remove that column and the records that must stay out",
        )
    names = (*records.ids, *(records.groups or ()))
    planted = next((name for name in names if _PLANTED.fullmatch(name)), None)
    if planted is not None:
        raise DataError(
            f"The data already has canaries: a record or group is named {planted!r}",
            "Plant all patterns at once, into clean data",
        )


def _mixed(records: Records, manifest: Manifest, seed: int) -> Records:
    """The records in their order, with all copies at uniformly random places among them."""
    copies = [
        (canary, copy)
        for canary in manifest.canaries
        if canary.included
        for copy in range(1, canary.repetitions + 1)
    ]
    n = len(records) + len(copies)
    place = CanaryStream.PLACES.generator(seed).permutation(n)
    place[len(copies) :].sort()
    order = np.argsort(place)
    texts = {canary.id: manifest.text(canary) for canary, _ in copies}

    def merged(planted: Sequence[str], untouched: Sequence[str]) -> list[str]:
        joined = [*planted, *untouched]
        return [joined[i] for i in order]

    return Records(
        ids=merged([f"{canary.id}/{copy}" for canary, copy in copies], records.ids),
        texts=merged([texts[canary.id] for canary, _ in copies], records.texts),
        labels=merged([canary.label for canary, _ in copies], records.labels),
        groups=None
        if records.groups is None
        else merged([canary.id for canary, _ in copies], records.groups),
    )


def _write(path: Path, content: bytes, option: str) -> None:
    try:
        with replaced(path, mode=PRIVATE) as file:
            file.write(content)
    except OSError as error:
        raise UsageError(
            f"Can't write {path} ({error.strerror or type(error).__name__})",
            f"Choose another place with {option}",
        ) from None
