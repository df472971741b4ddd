"""What a sweep over epsilon found: accuracy, attacks and bounds per epsilon, beside what epsilon allows."""

from typing import Literal

from pydantic import Field

from privaudit.results.epsilon import Epsilon
from privaudit.results.parts import Interval, Number, Part
from privaudit.results.subject import Claim

Targets = Literal["records", "canaries"]


class TprOverModels(Part):
    """The true-positive rate at one false-positive rate, mean over models."""

    fpr: Number
    tpr: Interval
    """Null below 10 expected false positives per model."""
    allowed: Number | None = None
    """The most that the exact mechanism allows; null without one."""


class AttackOverModels(Part):
    """One attack on several independently trained models, mean over them with Student's interval."""

    attack: str
    targets: Targets
    """Whom it was mounted on: the data's own records, or the canaries."""
    n_targets: int
    """Each is a member of a model by its own fair coin."""
    n_references: int
    """Other models of the same epsilon that told what models with and without a record look like."""
    auc: Interval
    tpr_at_fpr: tuple[TprOverModels, ...]
    auc_per_model: tuple[Number, ...] = ()


class Allowed(Part):
    """What the configured mechanism allows any attack."""

    auc: Number
    """The most under the exact mechanism, all iterates seen."""
    auc_region: Number
    """The most under (epsilon, delta) alone, whatever the mechanism."""
    auc_last_iterate: Number
    """Expected of the best attack on the last model alone: a heuristic and no bound."""


class EpsilonSweepRow(Part):
    """The models of one epsilon."""

    epsilon: Number
    """As it was asked for; infinite for training without privacy."""
    claim: Claim | None = None
    """The mechanism; null without privacy."""
    accounted: Number | None = None
    """Epsilon at ``delta`` of that mechanism, the smallest proven bound: at most the one asked for."""
    n_models: int
    accuracy: Interval
    """Share of the records outside a model that it classifies correctly, mean over models."""
    accuracy_standard_deviation: Number | None = None
    """From model to model."""
    accuracy_members: Interval
    """The same of the records inside."""
    attacks: tuple[AttackOverModels, ...] = ()
    allowed: Allowed | None = None
    bound: Epsilon | None = None
    """The audit of all models' canaries together; null where not measured. Its positive control is the same
    test with the models that were trained without privacy in the place of this row's."""
    seconds: Number
    """Training (of what the store lacked) and attacking in this run."""
    reason: str | None = None
    """Why what is null is null."""


class Correlation(Part):
    """Whether what attacks reach rises with what epsilon allows, over the finite epsilons."""

    measure: str
    n_points: int
    """Epsilons."""
    spearman: Number | None
    """Rank correlation of epsilon with the mean over models; null where one of them does not vary."""
    p_value: Number | None
    """One-sided, of the hypothesis that the order is chance: the share of all orders that correlate as much.
    With n points it cannot be below 1 / n!."""
    per_model: Interval
    """Rank correlation within each model's own row of epsilons, mean over models; with Student's interval for
    attacks without references, whose models are independent."""


class EpsilonSweep(Part):
    """Theory against practice: the same records, canaries and coins at several epsilons."""

    delta: Number
    vocabulary: str
    """Where the words come from; never from the data."""
    n_records: int
    n_canaries: int
    canaries: str
    """What they look like."""
    rows: tuple[EpsilonSweepRow, ...]
    correlations: tuple[Correlation, ...] = ()
    verdict: Literal["violated", "consistent", "inconclusive", "no-claim"]
    """The worst of the rows."""
    sentence: str
    parameters: dict[str, Number | str] = Field(default_factory=dict)
