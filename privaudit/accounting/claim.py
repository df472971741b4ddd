"""A claim of privacy: the mechanism that it names, and claims in the files of other programs."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from privaudit.accounting.mechanism import Mechanism, Phase
from privaudit.errors import DataError
from privaudit.results import Claim, ClaimedPhase

_MEND = "Give the state of an Opacus accountant, a checkpoint of its PrivacyEngine, or keys of a claim"
_OTHER_NAMES = {
    "epsilon": ("target_epsilon", "privacy_epsilon"),
    "delta": ("target_delta", "privacy_delta"),
    "noise_multiplier": ("dp_noise_multiplier", "sigma"),
    "sample_rate": ("sampling_probability", "dp_sample_rate"),
    "steps": ("global_step", "max_steps", "num_steps"),
    "clip_norm": ("per_sample_max_grad_norm", "per_example_max_grad_norm", "l2_norm_clip", "max_grad_norm"),
}
_ACCOUNTANT_STATES = ("privacy_accountant_state_dict", "accountant", "privacy_accountant")


def mechanism_of(claim: Claim | None) -> Mechanism | None:
    """The mechanism that a claim names, for one record; None if noise, rate or steps are missing.

    Raises:
        UsageError: one of them is impossible.
    """
    if claim is None:
        return None
    if claim.phases:
        return Mechanism(tuple(Phase(p.noise_multiplier, p.sample_rate, p.steps) for p in claim.phases))
    if claim.noise_multiplier is None or claim.sample_rate is None or claim.steps is None:
        return None
    return Mechanism.uniform(claim.noise_multiplier, claim.sample_rate, claim.steps)


def claim_in(content: object, source: str) -> Claim:
    """The claim in the content of a file.

    Understood are the state of an Opacus accountant (``{"mechanism": "prv", "history": [[noise, rate, steps],
    …]}``), alone or inside a checkpoint; and the keys of a claim, by their own names or those of other
    trainers (``target_epsilon``, ``sampling_probability``, ``max_steps``, …), alone or under ``privacy`` or
    ``claim``.

    Args:
        content: of a JSON file or a checkpoint, in plain containers.
        source: name of the file, for the claim and for errors.

    Raises:
        DataError: it holds no claim, or one with impossible values.
    """
    if not isinstance(content, Mapping):
        raise DataError(
            f"{source} holds a {type(content).__name__}, not the named values of a privacy claim", _MEND
        )
    found = dict(content)
    for key in ("privacy", "claim"):
        if isinstance(found.get(key), Mapping):
            found = {**found, **found[key]}
    states = [found, *(found[key] for key in _ACCOUNTANT_STATES if isinstance(found.get(key), Mapping))]
    state = next((s for s in states if "history" in s and "mechanism" in s), None)
    values = _named(found)
    try:
        if state is not None:
            values |= _of_accountant(state)
        if not values.keys() & {"epsilon", "noise_multiplier", "phases"}:
            raise DataError(
                f"{source} holds no privacy claim: neither an epsilon nor a noise multiplier", _MEND
            )
        claim = Claim.model_validate({**values, "source": source})
    except (ValidationError, TypeError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise DataError(f"The privacy claim in {source} is damaged ({reason})", _MEND) from None
    mechanism_of(claim)
    return claim


def _named(found: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: found[key] for key in Claim.model_fields if found.get(key) is not None}
    for key, others in _OTHER_NAMES.items():
        for other in others:
            if key not in values and found.get(other) is not None:
                values[key] = found[other]
    return values


def _of_accountant(state: Mapping[str, Any]) -> dict[str, Any]:
    """Opacus appends a triple to the history whenever noise or rate change."""
    phases: list[ClaimedPhase] = []
    for noise, rate, steps in state["history"]:
        if phases and (phases[-1].noise_multiplier, phases[-1].sample_rate) == (noise, rate):
            steps = steps + phases.pop().steps  # noqa: PLW2901 - equal neighbours are one phase
        phases.append(ClaimedPhase(noise_multiplier=noise, sample_rate=rate, steps=steps))
    if not phases:
        raise ValueError("the accountant's history is empty")
    values: dict[str, Any] = {"accountant": str(state["mechanism"])}
    if len(phases) == 1:
        return values | phases[0].model_dump()
    return values | {"phases": tuple(phases)}
