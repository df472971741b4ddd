"""What a sweep found: several models per defence, each with its own secret, which no field reveals."""

from typing import Any, Literal

from pydantic import Field

from privaudit.results.parts import Interval, Number, Part


class MeanOverModels(Part):
    """A mean with its spread from model to model."""

    value: Number | None
    standard_deviation: Number | None = None
    """Of one model; null for fewer than two."""


class SweepDefence(Part):
    """The models that were trained with one defence."""

    defence: str
    changes: dict[str, Any] = Field(default_factory=dict)
    """Fields of the recipe that the defence sets."""
    epsilon: Number | None = None
    """That each model keeps at ``delta`` for one record more or less; null without differential privacy."""
    delta: Number | None = None
    group_epsilon: Number | None = None
    """The same for all copies of a secret together, which are what an attacker on the canary looks for."""
    n_models: int
    """Independently trained models with a secret of their own each."""
    n_controls: int
    """Models trained the same way without any canary; each ranks all secrets."""
    exact_matches: int | None = None
    """Models whose secret is strictly first among all fillings; null where only a sample was ranked."""
    exact_match_rate: Interval
    """With the limits of Clopper and Pearson."""
    hamming: Number | None = None
    """Share of slots in which a model's favourite filling differs from its secret, mean over models (and over
    favourites that tie)."""
    exposure_bits: Interval
    """``log2(n_ranked) - log2(rank)``, mean over models with Student's interval."""
    control_exposure_bits: Interval
    """Of the same secrets: mean over the controls, then over the secrets. 1.44 bits are expected."""
    difference_bits: Interval
    """Exposure less that of the controls, secret by secret: what the training on it added."""
    accuracy: MeanOverModels
    """Share of the held-out records that are classified correctly."""
    p_value: Number | None = None
    """Of the hypothesis that no model knows its secret, so ranks are uniform: Fisher's method."""
    ranks: tuple[int, ...] = ()
    """Of each model's secret, 1 = its favourite filling; ties count against the attacker."""
    control_ranks: tuple[tuple[int, ...], ...] = ()
    """``[n_controls][n_models]``: of the same secrets by models that never saw them."""
    seconds: Number
    """Training (of what the store lacked) and ranking in this run."""
    reason: str | None = None
    """Why what is null is null."""


class SweepFinding(Part):
    """Whether the defences combined remove the risk."""

    status: Literal["removed", "remains", "undecided"]
    """``remains``: the interval of the difference lies above 0. ``removed``: it includes 0 and nothing above
    ``margin_bits``. ``undecided``: it includes both."""
    defence: str
    """The one with everything on."""
    margin_bits: Number
    sentence: str


class Sweep(Part):
    """Defences side by side, on the same records and the same secrets."""

    pattern: str
    """Of the canary, with its slots left open."""
    label: str
    """The class under which it was planted, which the adversary knows."""
    own_label: bool
    """Whether no other record has that class."""
    repetitions: int
    """Copies of its secret that each model was trained on."""
    candidates: int
    """Fillings that are possible."""
    n_ranked: int
    """Fillings among which a secret is ranked, itself included: all that are possible, or a sample."""
    rank_exact: bool
    """Whether all were ranked."""
    ceiling_bits: Number
    """The most that a ranking of this size can show: ``log2(n_ranked)``."""
    model_order_blind: bool = False
    """Whether the models cannot tell the order of the slots' words apart (a bag of words)."""
    defences: tuple[SweepDefence, ...]
    finding: SweepFinding | None = None
    """Null where no defence has everything on, or it was not measured."""
