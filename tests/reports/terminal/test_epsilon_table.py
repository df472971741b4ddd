"""The test of a claim as a person reads it: no bound without what it assumes, no number without its reach."""

import io

import pytest
from rich.console import Console

from privaudit.reports.terminal.epsilon_table import epsilon_parts
from privaudit.results import Claim, Control, Epsilon, LowerBound, StaticCheck

CLAIM = Claim(
    epsilon=8.0,
    delta=1e-5,
    noise_multiplier=0.81,
    sample_rate=0.01,
    steps=1000,
    sampler="poisson",
    source="bundle",
)
FOUND = Epsilon(
    verdict="consistent",
    sentence="No violation was found, and half the noise would have been noticed.",
    design="one-run",
    test="f-DP recursion at 89 guesses",
    p_value=0.31,
    claimed=8.0,
    accounted=7.99,
    delta=1e-5,
    lower_bounds=(
        LowerBound(
            method="mahloujifar-mechanism", value=1.5, confidence=0.95, assumes="the mechanism", p_value=0.31,
            primary=True,
        ),
        LowerBound(method="steinke", value=0.9, confidence=0.95, assumes="fair coins; not the mechanism"),
    ),
    ceiling=4.2,
    power=0.83,
    n_in=251,
    n_out=249,
    guesses=89,
    correct=60,
    score="loss drop",
    canaries="500 of coins.json",
    threat_model="sees the final model",
    controls=(
        Control(name="negative", description="fresh coins", p_value=0.6, passed=True),
        Control(name="positive", description="no noise", p_value=None, passed=None, reason="Not asked for."),
    ),
    checks=(
        StaticCheck(id="sampler", status="ok", text="Poisson."),
        StaticCheck(id="vocabulary", status="warning", text="made from the members"),
        StaticCheck(id="tuning", status="unknown", text="Nobody says."),
        StaticCheck(id="noise-seed", status="unknown", text="Nobody knows."),
    ),
)  # fmt: skip


def shown(epsilon=FOUND, claim=CLAIM, width=160, said=""):
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False, highlight=False)
    for part in epsilon_parts(epsilon, claim, said):
        console.print(part)
    return console.file.getvalue()


def squeezed(**arguments):
    return " ".join(shown(**arguments).split())


def test_the_verdict_comes_first():
    assert shown().startswith("no violation of the claim found  No violation was found")
    assert shown(FOUND.model_copy(update={"verdict": "violated"})).startswith("claim VIOLATED")


def test_a_sentence_is_not_said_twice():
    assert FOUND.sentence not in squeezed(said=f"PASS {FOUND.sentence}")


def test_claim_design_test_and_reach_are_there():
    text = squeezed()
    for words in (
        "epsilon 8 at delta 1e-05; PLD gives 7.99 at delta 1e-05 for noise 0.81, sample rate 0.01, 1,000",
        "one model, a fair coin per canary: 251 in, 249 out",
        "60 of 89 guesses correct; p = 0.31",
        "an attack without error: 4.200. Chance that an ideal attack detects half the noise: 83%",
        "sees the final model",
    ):
        assert words in text


@pytest.mark.parametrize("width", [60, 80, 160])
def test_no_bound_stands_without_what_it_assumes(width):
    lines = " ".join(shown(width=width).split())
    for bound in FOUND.lower_bounds:
        assert f"{bound.value:.3f}" in lines
        for word in bound.assumes.split():
            assert word in lines
    assert "mahloujifar-mechanism *" in lines
    assert "declared in advance" in lines


def test_a_control_that_failed_or_was_not_made_is_said():
    assert "Positive control: no noise: did not run. Not asked for." in squeezed()
    failed = Control(name="negative", description="fresh coins", p_value=1e-9, passed=False)
    text = " ".join(shown(FOUND.model_copy(update={"controls": (failed,)})).split())
    assert "fresh coins: VIOLATES the claim, although it must not (p = 1e-09)" in text


def test_doubts_about_the_claim_are_shown_and_what_is_well_is_not():
    text = squeezed()
    assert "Warning (vocabulary): made from the members" in text
    assert "Poisson." not in text
    assert "Unknown: tuning, noise-seed." in text


def test_without_a_claim_there_is_no_p_value():
    bounds = tuple(
        bound.model_copy(update={"p_value": None, "primary": False}) for bound in FOUND.lower_bounds
    )
    nothing = {
        "verdict": "no-claim",
        "claimed": None,
        "accounted": None,
        "p_value": None,
        "lower_bounds": bounds,
    }
    text = " ".join(shown(FOUND.model_copy(update=nothing), None).split())
    assert "none; lower bounds are at delta 1e-05" in text
    assert "p of the claim" not in text
    assert "60 of 89 guesses correct lower bound" in text
    assert "declared in advance" not in text


def test_a_claim_without_a_mechanism_says_what_is_tested():
    text = " ".join(shown(FOUND.model_copy(update={"accounted": None, "power": None})).split())
    assert "(epsilon, delta) region is tested" in text
    assert "half the noise" in FOUND.sentence
    assert "an attack without error: 4.200." in text


def test_after_a_violation_the_places_to_look_are_numbered():
    text = shown(FOUND.model_copy(update={"verdict": "violated", "checklist": ("the sampler", "the noise")}))
    assert "1. the sampler" in text
    assert "2. the noise" in text


def test_nothing_steers_the_terminal_and_nothing_says_verified():
    bad = FOUND.model_copy(update={"sentence": "a\x1b[31mb", "canaries": "x\x1b]0;y"})
    assert "\x1b" not in shown(bad)
    assert "verified" not in shown()
