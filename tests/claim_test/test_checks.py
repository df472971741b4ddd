"""What a claim says about itself."""

import pytest

from privaudit.claim_test.checks import static_checks
from privaudit.results import Claim

GOOD = Claim(
    epsilon=1.83,
    delta=1e-5,
    noise_multiplier=1.0,
    sample_rate=0.01,
    steps=1000,
    sampler="poisson",
    adjacency="add-or-remove-one",
    accountant="pld (dp-accounting 0.6.0)",
    normaliser="64, fixed",
    vocabulary="hash:4096",
    labels="file labels.txt",
    n_records=6400,
    tuned_on="nothing",
)


def status(claim, check, **more):
    found = {c.id: c for c in static_checks(claim, **more)}
    assert found[check].text.endswith(".")
    assert "\n" not in found[check].text
    return found[check].status


def test_a_sound_claim_passes_every_check():
    found = static_checks(GOOD, noise_seed_known=False)
    assert {c.id for c in found} == {
        "sampler", "accountant", "epsilon", "delta", "adjacency", "normaliser", "vocabulary", "labels",
        "noise-seed", "tuning",
    }  # fmt: skip
    assert {c.status for c in found} == {"ok"}


def test_an_empty_claim_is_unknown_and_lacks_its_delta():
    found = static_checks(Claim())
    assert {c.status for c in found if c.id != "delta"} == {"unknown"}
    assert next(c for c in found if c.id == "delta").status == "warning"


@pytest.mark.parametrize(
    ("check", "change", "expected"),
    [
        ("sampler", {"sampler": "shuffle"}, "warning"),
        ("sampler", {"sampler": "Poisson subsampling"}, "ok"),
        ("accountant", {"accountant": "gdp"}, "warning"),
        ("accountant", {"accountant": "GDP-CLT"}, "warning"),
        ("accountant", {"accountant": "opacus rdp"}, "ok"),
        ("accountant", {"accountant": "home-made"}, "unknown"),
        ("epsilon", {"epsilon": 1.6177}, "warning"),
        ("epsilon", {"epsilon": 2.1}, "ok"),
        ("epsilon", {"steps": None}, "unknown"),
        ("epsilon", {"epsilon": None}, "unknown"),
        ("delta", {"n_records": 100_000}, "warning"),
        ("delta", {"n_records": None}, "unknown"),
        ("adjacency", {"adjacency": "replace-one"}, "warning"),
        ("adjacency", {"adjacency": "zero-out"}, "warning"),
        ("normaliser", {"normaliser": "len(dataset) * sample_rate"}, "warning"),
        ("vocabulary", {"vocabulary": "protected records"}, "warning"),
        ("vocabulary", {"vocabulary": "training data"}, "warning"),
        ("vocabulary", {"vocabulary": "pretrained"}, "ok"),
        ("vocabulary", {"vocabulary": "spelling"}, "ok"),
        ("vocabulary", {"vocabulary": "somewhere"}, "unknown"),
        ("labels", {"labels": "data"}, "warning"),
        ("labels", {"labels": "file sha256:12"}, "ok"),
        ("noise-seed", {"notes": ("the noise follows from the seed 3",)}, "warning"),
        ("noise-seed", {}, "unknown"),
        ("tuning", {"tuned_on": "the protected records"}, "warning"),
        ("tuning", {"tuned_on": "public data"}, "ok"),
        ("tuning", {"tuned_on": None}, "unknown"),
    ],
)
def test_each_check(check, change, expected):
    assert status(GOOD.model_copy(update=change), check) == expected


def test_what_the_caller_knows_fills_what_the_claim_does_not_say():
    claim = GOOD.model_copy(update={"n_records": None})
    assert status(claim, "delta", n_records=200_000) == "warning"
    assert status(claim, "noise-seed", noise_seed_known=True) == "warning"


def test_the_central_limit_accountant_is_caught_twice():
    # Noise 0.5, rate 0.001, 3,000 steps: it says 1.77 where 4.96 is true.
    claim = Claim(
        epsilon=1.770424, delta=1e-6, noise_multiplier=0.5, sample_rate=0.001, steps=3000, accountant="gdp"
    )
    assert status(claim, "accountant") == "warning"
    assert status(claim, "epsilon") == "warning"
    text = next(c.text for c in static_checks(claim) if c.id == "epsilon")
    assert "1.77" in text
    assert "4.958" in text
