"""One audit as a history keeps it: what it measured and how it was judged, without any text or record."""

from typing import Literal

from privaudit.results.parts import Number, Part

HISTORY_VERSION = 1


class Measure(Part):
    """One number that an attack reached."""

    attack: str
    """An attack; for ``epsilon`` the method of the bound; in a sweep with the defence or epsilon it is of."""
    metric: str
    """As thresholds name it: ``auc``, ``tpr@0.01``, ``exposure``, …"""
    value: Number | None
    """Null where the sample could not measure it."""
    low: Number | None = None
    high: Number | None = None
    n_references: int | None = None
    """Reference models behind it: the same attack with more of them is another attack."""
    setup: str | None = None
    """Digest of the attack's access, references and parameters; of the canaries that it looked for."""


class HistoryLimit(Part):
    """One threshold that the audit was judged by."""

    expression: str
    """With its slice or baseline."""
    attack: str | None = None
    metric: str | None = None
    """Null for a limit on a slice or an increase, for which a history has no numbers."""
    limit: Number
    result: Literal["exceeded", "holds", "inconclusive"]
    waived: bool = False


class Entry(Part):
    """One audit."""

    created: str
    """UTC, ISO 8601, to the second: texts that sort by time."""
    command: str
    model: str
    """Its path as it was given: what makes several audits those of one model, since each training has a
    digest of its own."""
    model_digest: str
    data_digest: str | None
    """Of the records: their files, and how members were separated from non-members. Null without a known file
    of records, as for a table of scores."""
    comparable: bool | None = None
    """Whether members and non-members were alike but for the model."""
    status: Literal["pass", "fail", "inconclusive", "not-judged"]
    claimed_epsilon: Number | None = None
    tool_version: str
    measures: tuple[Measure, ...] = ()
    limits: tuple[HistoryLimit, ...] = ()


class History(Part):
    """What ``privaudit report --history`` writes as JSON: audits in the order of time."""

    history_version: int = HISTORY_VERSION
    entries: tuple[Entry, ...]
