"""What was audited: the model, the records, and the privacy that is claimed."""

from typing import Any

from pydantic import Field

from privaudit.results.parts import File, Interval, Number, Part, nothing


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
    """How well a classifier of the text alone, without the model, separates members from non-members."""

    auc: Interval
    p_value: Number | None = None
    comparable: bool | None
    """Null when it could not be decided; ``reason`` says why."""
    gates: bool = True
    """False where the split's own random coins are recorded, or the shift was accepted."""
    reason: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)

    @property
    def forbids_verdict(self) -> bool:
        """Whether the texts alone separate members from non-members: nothing can be judged on them then."""
        return self.gates and self.comparable is False


def no_baseline(reason: str) -> BlindBaseline:
    """No classifier of the texts alone was trained, for a reason; it does not gate."""
    return BlindBaseline(auc=nothing(reason), comparable=None, gates=False, reason=reason)


class Duplicates(Part):
    """What was found and done about repeated texts."""

    exact_removed: int = 0
    """Records removed because their text occurs in both sets (both sides), or twice in the pool."""
    near: int = 0
    """Non-members with a near-duplicate among the members; they stay."""


class Data(Part):
    """The audited records."""

    source: str
    """``bundle-split``, ``files``, ``membership-column``, ``score-table``; ``canaries``: members are the
    planted ones, non-members those that were left out; or ``coin-split``: coins of this run decided."""
    files: tuple[File, ...] = ()
    n_members: int
    n_nonmembers: int
    n_groups: int | None = None
    holdout: Number | None = None
    split_seed: int | None = None
    # NOTE: not validated, because that would build its schema whenever results are imported.
    duplicates: Duplicates = Duplicates.model_construct()
    blind_baseline: BlindBaseline


class ClaimedPhase(Part):
    """Steps of a claim with the same noise and rate."""

    noise_multiplier: Number
    sample_rate: Number
    steps: int


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
    clipping: str | None = None
    """``fixed`` or ``automatic``."""
    normaliser: str | None = None
    """What the noisy sum is divided by, and whether that depends on the number of records."""
    vocabulary: str | None = None
    """Where the words come from; a list made from the protected records voids the claim."""
    labels: str | None = None
    """Where the class list comes from."""
    n_records: int | None = None
    """Records that were trained on, canaries included."""
    tuned_on: str | None = None
    """Data on which hyper-parameters were chosen, whose cost epsilon does not hold."""
    source: str | None = None
    """``bundle``, ``typed``, or the metadata file that it was read from."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Of the trainer and the accountant."""
    phases: tuple[ClaimedPhase, ...] = ()
    """Where noise or rate changed during the run: all its steps, in order."""
    notes: tuple[str, ...] = ()
    """What else limits the claim: a known noise seed, a run that was cut short."""


def claim_from(**values: float | None) -> Claim | None:
    """A claim typed by hand; None when no value was given."""
    return Claim.model_validate(values) if any(value is not None for value in values.values()) else None
