"""Claims: the mechanism that they name, and how other programs write them down."""

import pytest

from privaudit.accounting.claim import claim_in, mechanism_of
from privaudit.accounting.mechanism import Mechanism, Phase
from privaudit.errors import DataError, UsageError
from privaudit.results import Claim, ClaimedPhase


def test_a_claim_names_its_mechanism():
    assert mechanism_of(None) is None
    assert mechanism_of(Claim(epsilon=3.0, delta=1e-5)) is None
    assert mechanism_of(Claim(noise_multiplier=1.0, steps=10)) is None
    whole = Claim(noise_multiplier=1.0, sample_rate=0.1, steps=10)
    assert mechanism_of(whole) == Mechanism.uniform(1.0, 0.1, 10)
    phases = (
        ClaimedPhase(noise_multiplier=2.0, sample_rate=0.1, steps=5),
        ClaimedPhase(noise_multiplier=1.0, sample_rate=0.2, steps=3),
    )
    assert mechanism_of(Claim(phases=phases)) == Mechanism((Phase(2.0, 0.1, 5), Phase(1.0, 0.2, 3)))
    with pytest.raises(UsageError, match=r"The noise multiplier 0.0 is not a finite number above 0"):
        mechanism_of(Claim(noise_multiplier=0.0, sample_rate=0.1, steps=10))


def test_an_accountant_that_stood_still_gives_one_mechanism():
    claim = claim_in({"mechanism": "rdp", "history": [[1.1, 0.01, 30], [1.1, 0.01, 20]]}, "a.json")
    assert mechanism_of(claim) == Mechanism.uniform(1.1, 0.01, 50)
    assert (claim.accountant, claim.source, claim.steps) == ("rdp", "a.json", 50)


def test_a_schedule_is_kept_phase_by_phase():
    claim = claim_in({"mechanism": "prv", "history": [(2.0, 0.01, 30), (1.0, 0.01, 20)]}, "a.json")
    assert mechanism_of(claim) == Mechanism((Phase(2.0, 0.01, 30), Phase(1.0, 0.01, 20)))
    assert claim.noise_multiplier is None


def test_the_state_of_an_opacus_accountant():
    pytest.importorskip("opacus")
    from opacus.accountants import create_accountant

    accountant = create_accountant("prv")
    for noise in (1.5, 1.5, 1.2):
        accountant.step(noise_multiplier=noise, sample_rate=0.02)
    checkpoint = {"module_state_dict": {}, "privacy_accountant_state_dict": accountant.state_dict()}
    for content in (accountant.state_dict(), checkpoint):
        claim = claim_in(content, "checkpoint.pt")
        assert mechanism_of(claim) == Mechanism((Phase(1.5, 0.02, 2), Phase(1.2, 0.02, 1)))
        assert claim.accountant == "prv"


def test_names_of_other_trainers():
    claim = claim_in(
        {
            "target_epsilon": 8,
            "target_delta": 1e-5,
            "noise_multiplier": 0.8,
            "sampling_probability": 0.02,
            "global_step": 300,
            "per_sample_max_grad_norm": 0.5,
            "learning_rate": 5e-5,
        },
        "privacy_args.json",
    )
    assert (claim.epsilon, claim.delta, claim.steps, claim.clip_norm) == (8, 1e-5, 300, 0.5)
    assert mechanism_of(claim) == Mechanism.uniform(0.8, 0.02, 300)


def test_claims_inside_other_content():
    inner = {"epsilon": 3.0, "delta": 1e-6, "sampler": "poisson"}
    for key in ("privacy", "claim"):
        claim = claim_in({key: inner, "format": "privaudit.bundle"}, "model.pt")
        assert (claim.epsilon, claim.delta, claim.sampler) == (3.0, 1e-6, "poisson")


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {},
        {"max_steps": 10},
        {"mechanism": "prv", "history": []},
        {"mechanism": "prv", "history": [[1.0, 0.1]]},
        {"mechanism": "prv", "history": [[1.0, 0.1, "many"]]},
        {"mechanism": "prv", "history": 3},
        {"epsilon": "high", "delta": 1e-5},
        {"noise_multiplier": [1.0], "sample_rate": 0.1, "steps": 3},
    ],
)
def test_what_holds_no_claim_is_one_line(content):
    with pytest.raises(
        DataError,
        match=r"x\.json.* privacy claim|privacy claim in x\.json is damaged",
    ) as error:
        claim_in(content, "x.json")
    assert "\n" not in str(error.value)


def test_impossible_mechanisms_are_refused():
    with pytest.raises(UsageError, match=r"The sample rate 7.0 is not in"):
        claim_in({"mechanism": "prv", "history": [[1.0, 7, 10]]}, "x.json")
