"""What membership inference found."""

from typing import Any, Literal

from pydantic import Field

from privaudit.results.parts import Interval, Number, Part

FPRS = (0.0001, 0.001, 0.01, 0.05, 0.1)
"""The false-positive rates at which results report the TPR."""


LEAST_FALSE_POSITIVES = 10
"""With fewer expected ones a TPR is not measurable."""
OF_THE_RUN = frozenset({"seed", "not_scored"})
"""Parameters of an attack that may differ from run to run."""


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

    @property
    def interval(self) -> Interval:
        """The same as an interval."""
        reason = None if self.measurable else "too few non-members for 10 expected false positives"
        return Interval(
            value=self.tpr,
            low=self.low,
            high=self.high,
            low_simultaneous=self.low_simultaneous,
            reason=reason,
        )


class Ppv(Part):
    """Share of records called members that are members, if ``prior`` of all records are."""

    prior: Number
    value: Number | None
    fpr: Number | None = None
    """The FPR of its threshold."""


class Roc(Part):
    """Points of the empirical ROC curve, which is a stair, thinned log-spaced in FPR."""

    fpr: tuple[Number, ...]
    tpr: tuple[Number, ...]
    tpr_low: tuple[Number, ...] = ()
    """With ``tpr_high``: a band that holds at all thresholds at once. Empty where none was computed."""
    tpr_high: tuple[Number, ...] = ()
    confidence: Number = 0.95
    """Of the band."""


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
    parameters: dict[str, Any] = Field(default_factory=dict)


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
    """Odds of membership at a prior of one half for records with such a score, counted over the references'
    own scores where there are any (``lira-eb``), else over the audited records, without the record itself."""
    record_fpr: Number | None = None
    """Share of models without this record that are at least as sure of it as the audited one, itself counted:
    ``(1 + k) / (1 + m)`` over m OUT references. Null without references. No p-value: the list holds the most
    exposed records, and the smallest of many such shares is small by chance."""
    text: str | None = None
    """Only with ``--show-texts``."""


class SeedAgreement(Part):
    """Whether the members that this model exposes are those that another seed would have exposed."""

    attack: str
    n_models: int
    """Models of the same recipe and other records with which the audited one was compared."""
    rank_correlation: Number
    """Mean of Spearman's correlation over the records that both saw, in [-1, 1]."""
    overlap: Number
    """Jaccard index of their most exposed members, in [0, 1]."""
    expected_overlap: Number
    """The same for rankings that have nothing to do with each other."""
    fraction: Number
    """The share of the members that counts as most exposed."""
