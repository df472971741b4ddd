"""The verdict: on scores whose law is known, and on real steps."""

from functools import cache

import numpy as np
import pytest

from privaudit.audits.dp_step.design import Design
from privaudit.audits.dp_step.run import claim_of, judge
from privaudit.audits.dp_step.runs import Observed
from privaudit.errors import UsageError
from privaudit.results import StaticCheck

DESIGN = Design(noise_multiplier=1.0, sample_rate=1.0, steps=1, runs=300, control_runs=100)
"""One step with everybody in it: scores are Gaussian, one standard deviation apart."""
FINE = (StaticCheck(id="noise", status="ok", text="as configured"),)
FAULT = (*FINE, StaticCheck(id="clipping", status="warning", text="one record moves the sum by 2"))


def gaussian(apart, runs=300, seed=2):
    rng = np.random.default_rng(seed)
    included = rng.random(runs) < 0.5
    return Observed(rng.standard_normal(runs) + apart * included, included)


@cache
def judged(apart, checks=FINE, control=4.0):
    return judge(DESIGN, gaussian(apart), gaussian(control, 100, seed=1), checks)


def test_what_the_claim_allows_is_consistent():
    found = judged(0.9)
    assert (found.verdict, found.design) == ("consistent", "self-test")
    assert found.accounted == pytest.approx(4.3772, abs=1e-3)  # one Gaussian step at delta 1e-5
    assert found.power is not None
    assert found.power > 0.9
    assert {c.name: c.passed for c in found.controls} == {"positive": True, "negative": True}
    assert found.checks == FINE
    assert all(bound.assumes for bound in found.lower_bounds)


def test_more_than_the_claim_allows_is_violated():
    found = judged(2.0)
    assert found.verdict == "violated"
    assert found.p_value is not None
    assert found.p_value < 0.001
    assert [line.split(":")[0] for line in found.checklist] == [
        "Adjacency", "Sampler", "Clipping", "Noise", "Normaliser", "Seed",
    ]  # fmt: skip


def test_what_was_found_by_inspection_stands_first_in_the_checklist():
    lines = judged(2.0, FAULT).checklist
    assert [line.split(":")[0] for line in lines[:3]] == ["Clipping", "Adjacency", "Sampler"]
    assert len(lines) == len(judged(2.0).checklist)


def test_a_fault_found_by_inspection_alone_is_not_consistent():
    found = judged(0.9, FAULT)
    assert found.verdict == "inconclusive"
    assert "the inspection of the step did (clipping)" in found.sentence


def test_a_test_that_misses_a_quarter_of_the_noise_decides_nothing():
    found = judged(0.9, control=0.0)
    assert found.verdict == "inconclusive"
    assert "none with 0.25 of the noise either" in found.sentence
    assert {control.name: control.passed for control in found.controls}["positive"] is False


def test_the_claim_is_the_design():
    claim = claim_of(Design())
    assert (claim.noise_multiplier, claim.sample_rate, claim.steps) == (1.0, 0.3, 10)
    assert (claim.sampler, claim.adjacency) == ("poisson", "add-or-remove-one")
    assert claim.epsilon is None


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"runs": 19}, "--runs 19 is too few; the test needs 20 or more"),
        ({"control_runs": 0}, "--control-runs 0 is too few; the control needs 20 or more"),
        ({"noise_multiplier": 0.0}, "The noise multiplier 0.0 is not a finite number above 0"),
        ({"noise_multiplier": 0.01}, "needs more than 100,000 records"),
        ({"sample_rate": 0.001}, r"--sample-rate 0.001 is not in \[0.01, 1\]"),
        ({"sample_rate": float("nan")}, "--sample-rate nan is not in"),
        ({"steps": 0}, "The number of steps is 0, not 1 or more"),
        ({"clip_norm": float("inf")}, "--clip inf is not a finite number above 0"),
        ({"delta": 1.0}, r"--delta 1 is not in \(0, 1\)"),
    ],
)
def test_impossible_designs(settings, complaint):
    with pytest.raises(UsageError, match=complaint):
        Design(**settings)
