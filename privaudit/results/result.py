"""The whole of ``result.json``."""

from pydantic import Field

from privaudit.results.comparison import Comparison
from privaudit.results.epsilon import Epsilon
from privaudit.results.epsilon_sweep import EpsilonSweep
from privaudit.results.extraction import Extraction, ExtractionSummary
from privaudit.results.membership import ExposedRecord, Membership, SeedAgreement, Slice
from privaudit.results.parts import Number, Part
from privaudit.results.subject import Claim, Data, Model
from privaudit.results.sweep import Sweep
from privaudit.results.verdict import NotRun, Verdict

SCHEMA_VERSION = 1


class Tool(Part):
    """What wrote the result."""

    name: str = "privaudit"
    version: str


class Provenance(Part):
    """Enough to run it again."""

    argv: tuple[str, ...]
    seed: int
    threads: int | None = None
    device: str | None = None
    python: str
    platform: str
    versions: dict[str, str]
    seconds: Number
    stages: dict[str, Number] = Field(default_factory=dict)
    """Seconds of the parts of the run that were timed."""
    settings: dict[str, str] = Field(default_factory=dict)
    """Options that did not keep their default, with where each value came from."""


class Result(Part):
    """The whole of ``result.json``."""

    schema_version: int = SCHEMA_VERSION
    tool: Tool
    created: str
    """UTC, ISO 8601."""
    command: str
    model: Model
    data: Data
    claim: Claim | None = None
    membership: tuple[Membership, ...] = ()
    not_run: tuple[NotRun, ...] = ()
    extraction: tuple[Extraction, ...] = ()
    extraction_summary: tuple[ExtractionSummary, ...] = ()
    sweep: Sweep | None = None
    epsilon: Epsilon | None = None
    epsilon_sweep: EpsilonSweep | None = None
    slices: tuple[Slice, ...] = ()
    records: tuple[ExposedRecord, ...] = ()
    seed_agreement: SeedAgreement | None = None
    """Null without reference models that shared enough records with the audited one."""
    comparison: Comparison | None = None
    """Against an earlier result, where one was given."""
    verdict: Verdict
    provenance: Provenance
    warnings: tuple[str, ...] = ()

    @property
    def holds_texts(self) -> bool:
        """Whether texts of records are in it, as ``--show-texts`` asks for."""
        return any(row.text is not None for row in self.records)

    @property
    def holds_secrets(self) -> bool:
        """Whether secrets or answers of an attack are in it, as ``--show-secrets`` asks for."""
        return any(row.secret is not None or row.found is not None for row in self.extraction)

    @property
    def confidential(self) -> bool:
        """Whether it, and everything made of it, is for its owner only."""
        return self.holds_texts or self.holds_secrets
