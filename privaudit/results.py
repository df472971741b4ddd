"""``result.json``: one schema for every command. Knows nothing of models, data or torch.

Numbers that do not exist are ``null`` and say why in a ``reason`` beside them; infinity is the string
``"inf"``. Keys may be added in later versions, never renamed or removed, and readers ignore what they do not
know, so that ``gate`` and ``report`` read every older file.
"""

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from privaudit.errors import ResultError
from privaudit.inert import inert_json

SCHEMA_VERSION = 1
FPRS = (0.0001, 0.001, 0.01, 0.05, 0.1)
"""The false-positive rates at which results report the TPR."""


def _from_json(value: object) -> object:
    if isinstance(value, str):
        return {"inf": math.inf, "-inf": -math.inf}.get(value, value)
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("a number; an undefined one is null with a reason")
    return value


def _to_json(value: float) -> float | str:
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


Number = Annotated[
    float,
    BeforeValidator(_from_json),
    PlainSerializer(_to_json, return_type=float | Literal["inf", "-inf"], when_used="json"),
]
"""A float that survives JSON: never NaN, infinity as a string."""


class Part(BaseModel):
    """Base of everything in a result: immutable, tolerant of keys from later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Interval(Part):
    """An estimate with its two-sided 95 % confidence interval."""

    value: Number | None
    low: Number | None
    high: Number | None
    low_simultaneous: Number | None = None
    """Lower end at confidence 1 - 0.05/m over the m attacks that ran: holds for all of them at once."""
    reason: str | None = None
    """Why the value is null."""


class TprAtFpr(Part):
    """The true-positive rate at a fixed false-positive rate."""

    fpr: Number
    tpr: Number | None
    """Largest TPR over thresholds ``score >= t`` whose empirical FPR is at most ``fpr``."""
    low: Number | None
    high: Number | None
    low_simultaneous: Number | None = None
    measurable: bool
    """False below 10 expected false positives: the sample cannot support the number."""


class Ppv(Part):
    """Share of records called members that are members, if ``prior`` of all records are."""

    prior: Number
    value: Number | None
    fpr: Number | None = None
    """The FPR of the threshold it speaks of."""


class Roc(Part):
    """Vertices of the empirical ROC curve, thinned log-spaced in FPR."""

    fpr: tuple[Number, ...]
    tpr: tuple[Number, ...]


class Membership(Part):
    """What one membership attack achieved. Scores are oriented: higher = member."""

    attack: str
    access: Literal["label", "score", "logits", "gradients", "weights"]
    n_members: int
    n_nonmembers: int
    n_references: int
    auc: Interval
    auc_within_class: Interval
    """Class-conditional: members compared with non-members of their own class only."""
    tpr_at_fpr: tuple[TprAtFpr, ...]
    advantage: Interval
    """TPR - FPR at a threshold chosen on one random half and measured on the other."""
    balanced_accuracy: Number | None = None
    ppv: tuple[Ppv, ...] = ()
    seconds: Number
    roc: Roc
    parameters: dict[str, Any] = {}


class NotRun(Part):
    """An attack that was asked for and has no result: the verdict cannot be a pass."""

    attack: str
    reason: str


class Slice(Part):
    """One attack on a part of the records; intervals are corrected for the number of slices."""

    by: str
    value: str
    attack: str
    n_members: int
    n_nonmembers: int
    auc: Interval
    tpr_at_fpr: tuple[TprAtFpr, ...] = ()


class ExposedRecord(Part):
    """A member that an attack singles out."""

    id: str
    attack: str
    score: Number
    fpr: Number
    """Share of non-members that score at least as high, (1 + count) / (n + 1)."""
    odds: Number
    """Odds of membership at a prior of one half: from the references' own scores where there are any
    (``lira-eb``), else members against non-members at or above this score."""
    record_fpr: Number | None = None
    """Share of models without this record that are at least as sure of it as the audited one, itself counted:
    ``(1 + k) / (1 + m)`` over m OUT references. Null without references."""
    text: str | None = None
    """Only with ``--show-texts``."""


class File(Part):
    """A file as it was read."""

    name: str
    sha256: str
    size: int


class Model(Part):
    """The audited model."""

    path: str
    format: str
    architecture: str
    loader: str
    files: tuple[File, ...]
    digest: str
    """SHA-256 over the files' digests: identifies the model in gates and waivers."""
    parameters: int | None = None
    labels: tuple[str, ...] = ()
    access: str
    accuracy_members: Number | None = None
    accuracy_nonmembers: Number | None = None
    recipe: dict[str, Any] | None = None


class BlindBaseline(Part):
    """How well a classifier of the text alone, that never sees the model, tells members from non-members."""

    auc: Interval
    p_value: Number | None = None
    comparable: bool | None
    """Null when it could not be decided; ``reason`` says why."""
    gates: bool = True
    """False where the split's own random coins are recorded, or the shift was accepted."""
    reason: str | None = None
    parameters: dict[str, Any] = {}


class Duplicates(Part):
    """What was found and done about repeated texts."""

    exact_removed: int = 0
    """Records removed because their text occurs in both sets (both sides), or twice in the pool."""
    near: int = 0
    """Non-members with a near-duplicate among the members; they stay."""


class Data(Part):
    """The audited records."""

    source: str
    """``bundle-split``, ``files``, ``membership-column`` or ``score-table``."""
    files: tuple[File, ...] = ()
    n_members: int
    n_nonmembers: int
    n_groups: int | None = None
    holdout: Number | None = None
    split_seed: int | None = None
    duplicates: Duplicates = Duplicates()
    blind_baseline: BlindBaseline


class Claim(Part):
    """The privacy that the model's owner claims."""

    epsilon: Number | None = None
    delta: Number | None = None
    noise_multiplier: Number | None = None
    sample_rate: Number | None = None
    steps: int | None = None
    clip_norm: Number | None = None
    sampler: str | None = None
    adjacency: str | None = None
    accountant: str | None = None
    unit: str | None = None


def claim_from(**values: float | None) -> Claim | None:
    """A claim typed by hand; None when no value was given."""
    return Claim.model_validate(values) if any(value is not None for value in values.values()) else None


class ThresholdResult(Part):
    """One ``--fail-if`` expression against the interval ends it speaks of."""

    expression: str
    bound: str
    """Which end of which interval decided."""
    value: Number | None
    limit: Number
    result: Literal["exceeded", "holds", "inconclusive"]
    reason: str
    """The decision in one sentence."""
    waiver: str | None = None


class Verdict(Part):
    """What the thresholds say together."""

    status: Literal["pass", "fail", "inconclusive", "not-judged"]
    sentence: str
    thresholds: tuple[ThresholdResult, ...] = ()
    on_inconclusive: Literal["pass", "fail", "4"] = "4"


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
    settings: dict[str, str] = {}
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
    extraction: tuple[dict[str, Any], ...] = ()
    epsilon: dict[str, Any] | None = None
    slices: tuple[Slice, ...] = ()
    records: tuple[ExposedRecord, ...] = ()
    verdict: Verdict
    provenance: Provenance
    warnings: tuple[str, ...] = ()


class _Header(BaseModel):
    schema_version: int = Field(ge=1)


def to_json(result: Result) -> str:
    """The result as JSON text, without NaN or Infinity and without characters that steer a terminal."""
    plain = json.dumps(result.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
    return inert_json(plain) + "\n"


def write_result(result: Result, path: Path) -> None:
    """Write ``result.json`` in one atomic step, so that a reader never sees half a file.

    Raises:
        ResultError: the folder does not exist or cannot be written.
    """
    write_atomically(path, to_json(result).encode())


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to a temporary file beside ``path`` and rename it.

    Args:
        path: where the file shall be; an older one is replaced.
        content: all bytes.

    Raises:
        ResultError: the folder does not exist or cannot be written.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ResultError(
            f"a writable place for {path.name}",
            f"{error.strerror} at {path.parent}",
            "Name a file in an existing, writable folder",
        ) from error


def read_result(path: Path) -> Result:
    """Read ``result.json`` of this or any older schema version.

    Raises:
        ResultError: the file is missing, not JSON, not a result, or of a later schema version.
    """
    mend = "Give the file that a privaudit command wrote with -o"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultError("a readable result file", f"{path}: {type(error).__name__}", mend) from error
    try:
        header = _Header.model_validate_json(text)
        if header.schema_version > SCHEMA_VERSION:
            raise ResultError(
                f"a result of schema version at most {SCHEMA_VERSION}",
                f"version {header.schema_version}",
                "Upgrade privaudit",
            )
        return Result.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise ResultError(
            "a privaudit result", f"{path} with a fault at {where}: {first['msg']}", mend
        ) from error


def json_schema() -> dict[str, Any]:
    """The JSON Schema of ``result.json``."""
    schema = Result.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
