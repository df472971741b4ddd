"""What canary extraction found. No field reveals a secret unless ``--show-secrets`` asked for it."""

from typing import Any

from pydantic import Field

from privaudit.results.parts import Interval, Number, Part


class Extraction(Part):
    """One attack on one canary."""

    canary: str
    """Its id in the manifest."""
    attack: str
    objective: str
    """What was maximised over the fillings; the secret is ranked by it too."""
    label: str
    """The class under which the canary was planted, which the adversary knows."""
    repetitions: int
    """How often the canary was planted."""
    included: bool
    """False for a canary that the model never saw: a control, which no threshold counts."""
    secret_length: int
    """Slots to fill."""
    candidates: int
    """Fillings that are possible: the product over the slots."""
    answers: int | None = None
    """Fillings that could be the answer: all but the other planted secrets, which are no answer for this one.
    A guess is right once in so many times. Null in results of earlier versions."""
    group: int | None = None
    """Number of the pattern and label: canaries of one group share their candidates."""
    exact_match: bool
    """Whether the attack's one answer is the secret, slot by slot."""
    hamming: int
    """Slots in which the answer differs from the secret."""
    matches: tuple[bool, ...] = ()
    """Slot by slot, whether the answer is right; empty in results of earlier versions."""
    rank: int | None
    """Place of the secret among ``n_ranked`` fillings, 1 = the model's favourite; every tie counts against
    the attacker."""
    rank_exact: bool = False
    """Whether every filling but other planted secrets was ranked; otherwise a uniform sample of them."""
    n_ranked: int | None = None
    """Fillings that were ranked, the secret among them."""
    exposure_bits: Interval
    """``log2(n_ranked) - log2(rank)``: a model without the secret gives 1 bit in the median."""
    ceiling_bits: Number | None = None
    """The most that a ranking of this size can show: ``log2(n_ranked)``."""
    extrapolated_bits: Number | None = None
    """Where only a sample was ranked: exposure read off a skew-normal distribution fitted to it. No interval
    and no proof: its tail is an assumption. Null where the fit was refused."""
    extrapolation_fit_p_value: Number | None = None
    """Of the fit, on the half of the sample that it did not see."""
    p_value: Number | None
    """Chance of a rank at least this good for a secret that was never planted."""
    control_rank: Number | None = None
    """Rank of the same secret by models trained without it: the median over ``n_controls`` models."""
    control_exposure_bits: Interval | None = None
    """Exposure of the same secret by those models: the mean."""
    n_controls: int = 0
    found_score: Number | None = None
    """Objective of the attack's answer."""
    secret_score: Number | None = None
    """Objective of the secret. A higher ``found_score`` says that the model prefers another filling, a lower
    one that the search failed."""
    complete: bool = False
    """Whether the search evaluated every filling, so no answer scores higher than its own."""
    evaluations: int
    """Texts put through the network by the search; a soft step (both passes) counts as three."""
    seconds: Number
    model_order_blind: bool = False
    """Whether the model cannot tell the order of the slots' words apart (a bag of words)."""
    note: str | None = None
    """What the model cannot know, in one sentence."""
    reason: str | None = None
    """Why what is null is null."""
    digest: str | None = None
    """HMAC-SHA-256 of the secret under the random key of the manifest: distinguishes secrets, and
    reveals nothing without the key."""
    secret: str | None = None
    """Only with ``--show-secrets``."""
    found: str | None = None
    """The attack's answer; only with ``--show-secrets``."""
    parameters: dict[str, Any] = Field(default_factory=dict)


class ExtractionSummary(Part):
    """One attack over all canaries of one kind."""

    attack: str
    included: bool
    """Of planted canaries, or of those that were left out."""
    n_canaries: int
    n_models: int = 1
    """Independently trained models behind the rates."""
    n_extracted: int
    """Canaries recovered exactly."""
    exact_match_rate: Interval
    """With the limits of Clopper and Pearson."""
    guess_rate: Number | None = None
    """What one uniform guess per canary among ``answers`` would reach."""
    p_value: Number | None = None
    """Chance of as many exact matches on a model that kept nothing."""
    mean_exposure_bits: Interval
    """Over canaries; 1.44 bits is what models without the secrets give in the mean."""
