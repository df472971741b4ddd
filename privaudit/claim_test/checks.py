"""What a claim says about itself, without any attack: one sentence per check, to act on."""

from collections.abc import Callable
from typing import Literal

from privaudit.accounting.accountants import smallest_epsilon
from privaudit.accounting.claim import mechanism_of
from privaudit.claim_test.hypothesis import UNDERSTATED
from privaudit.results import Claim, StaticCheck

_SMALL_DELTA = 0.1
"""Records that delta allows to publish, on average: more than this is no small chance."""
_PUBLIC = ("hash", "hf", "pretrained", "file", "public", "fixed", "given", "named", "spelling")
_PROTECTED = ("protected", "training", "private", "data")
_DEPENDS = ("dataset", "|d|", "len(", "number of records", "depends", "loader")


def static_checks(
    claim: Claim, *, n_records: int | None = None, noise_seed_known: bool | None = None
) -> tuple[StaticCheck, ...]:
    """Every check of a claim: ``ok``, ``warning``, or ``unknown`` if the claim does not say.

    Args:
        claim: as it was found or typed.
        n_records: records that were trained on, where the claim does not say.
        noise_seed_known: whether the seed of the noise is kept anywhere; None if unknown.
    """
    n = claim.n_records if claim.n_records is not None else n_records
    return (
        _sampler(claim),
        _accountant(claim),
        _accounted(claim),
        _delta(claim, n),
        _adjacency(claim),
        _normaliser(claim),
        _source("vocabulary", "words", claim.vocabulary),
        _source("labels", "classes", claim.labels),
        _noise_seed(claim, noise_seed_known),
        _tuning(claim),
    )


def _sampler(claim: Claim) -> StaticCheck:
    check = _for("sampler")
    if claim.sampler is None:
        return check(
            "unknown", "The claim does not say how batches were drawn; epsilon holds for Poisson sampling."
        )
    if "poisson" in claim.sampler.lower():
        return check("ok", "Batches are drawn by Poisson sampling, as epsilon assumes.")
    return check(
        "warning",
        f"Batches are drawn by {claim.sampler!r} but accounted as Poisson sampling: the true epsilon can be "
        "several times larger, and no attack on the model would show it.",
    )


def _accountant(claim: Claim) -> StaticCheck:
    check = _for("accountant")
    if claim.accountant is None:
        return check("unknown", "The claim does not say which accountant gave its epsilon.")
    name = claim.accountant.lower()
    if "gdp" in name or "clt" in name or "central" in name:
        return check(
            "warning",
            f"The accountant {claim.accountant!r} is a central-limit approximation that reports too little: "
            "never quote its epsilon.",
        )
    if any(known in name for known in ("pld", "prv", "rdp", "renyi", "moments")):
        return check("ok", f"The accountant {claim.accountant!r} does not report too little.")
    return check(
        "unknown",
        f"The accountant {claim.accountant!r} is not known here; compare with the accounted epsilon.",
    )


def _accounted(claim: Claim) -> StaticCheck:
    check = _for("epsilon")
    mechanism = mechanism_of(claim)
    if mechanism is None:
        return check(
            "unknown", "The claim names no noise, rate and steps, so its epsilon cannot be accounted again."
        )
    if claim.epsilon is None or claim.delta is None:
        return check(
            "unknown", "The claim states no epsilon at a delta to compare with its noise, rate and steps."
        )
    found = smallest_epsilon(mechanism, claim.delta)
    if found > UNDERSTATED * claim.epsilon:
        return check(
            "warning",
            f"The claim says epsilon {claim.epsilon:.4g}, but its own noise, rate and steps give {found:.4g} "
            f"at delta {claim.delta:.3g}: it reports too little.",
        )
    return check(
        "ok",
        f"Noise, rate and steps give epsilon {found:.4g} at delta {claim.delta:.3g}, within the claim.",
    )


def _delta(claim: Claim, n: int | None) -> StaticCheck:
    check = _for("delta")
    if claim.delta is None:
        return check("warning", "The claim states no delta, without which an epsilon says nothing.")
    if n is None:
        return check(
            "unknown", f"Whether delta {claim.delta:.3g} is below 1/n is unknown: no number of records."
        )
    if claim.delta * n >= 1:
        return check(
            "warning",
            f"Delta {claim.delta:.3g} is not below 1/{n}: publishing one record at random would satisfy it.",
        )
    if claim.delta * n > _SMALL_DELTA:
        return check(
            "warning",
            f"Delta {claim.delta:.3g} is only just below 1/{n}: it allows publishing one record with "
            f"probability {claim.delta * n:.0%}. Choose a delta of 1/(10 n) or less.",
        )
    return check("ok", f"Delta {claim.delta:.3g} is well below 1/n for {n} records.")


def _adjacency(claim: Claim) -> StaticCheck:
    check = _for("adjacency")
    if claim.adjacency is None:
        return check("unknown", "The claim does not say whether records are added and removed or replaced.")
    name = claim.adjacency.lower()
    if "replace" in name or "substit" in name or "swap" in name:
        return check(
            "warning",
            f"The claim is for {claim.adjacency!r} records, but canaries are added or removed and epsilon is "
            "accounted so here: the two epsilons are not comparable.",
        )
    if "add" in name or "remove" in name:
        return check("ok", "A record is added or removed, as the canaries are.")
    return check(
        "warning", f"The adjacency {claim.adjacency!r} is not add-or-remove, for which epsilon is accounted."
    )


def _normaliser(claim: Claim) -> StaticCheck:
    check = _for("normaliser")
    if claim.normaliser is None:
        return check("unknown", "The claim does not say what the noisy sum is divided by.")
    name = claim.normaliser.lower()
    if any(word in name for word in _DEPENDS):
        return check(
            "warning",
            f"The noisy sum is divided by {claim.normaliser!r}, which changes when a record is added or "
            "removed: that is not accounted for.",
        )
    return check("ok", f"The noisy sum is divided by a constant ({claim.normaliser}).")


def _source(check_id: str, what: str, source: str | None) -> StaticCheck:
    check = _for(check_id)
    if source is None:
        return check("unknown", f"The claim does not say where the list of {what} comes from.")
    first = source.lower()
    if first.startswith(_PUBLIC) or "public" in first:
        return check("ok", f"The {what} do not come from the protected records ({source}).")
    if any(word in first for word in _PROTECTED):
        return check(
            "warning",
            f"The list of {what} comes from the protected records ({source}): that alone reveals who is in, "
            "and voids the claim.",
        )
    return check("unknown", f"Whether the {what} ({source}) come from the protected records is not known.")


def _noise_seed(claim: Claim, known: bool | None) -> StaticCheck:
    check = _for("noise-seed")
    noted = any("seed" in note.lower() for note in claim.notes)
    if known or (known is None and noted):
        return check(
            "warning",
            "The seed of the noise is kept: anyone who has it can subtract the noise, which leaves no "
            "privacy.",
        )
    if known is False:
        return check("ok", "The seed of the noise is not kept.")
    return check("unknown", "Nothing says whether the seed of the noise is kept.")


def _tuning(claim: Claim) -> StaticCheck:
    check = _for("tuning")
    if claim.tuned_on is None:
        return check("unknown", "The claim does not say on which data hyper-parameters were chosen.")
    name = claim.tuned_on.lower()
    if name in ("nothing", "none", "no") or "public" in name:
        return check("ok", f"Hyper-parameters were not chosen on the protected records ({claim.tuned_on}).")
    return check(
        "warning", f"Hyper-parameters were chosen on {claim.tuned_on}, which epsilon does not account for."
    )


def _for(check_id: str) -> Callable[[Literal["ok", "warning", "unknown"], str], StaticCheck]:
    return lambda status, text: StaticCheck(id=check_id, status=status, text=text)
