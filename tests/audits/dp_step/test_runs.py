import numpy as np
import pytest
from scipy import stats

from privaudit.audits.dp_step.loading import LoadedStep
from privaudit.audits.dp_step.runs import Pilot, log_likelihood_ratio, run_many, run_pilot
from privaudit.audits.dp_step.toy import KINDS

PLAIN = Pilot(dict.fromkeys(KINDS, 0.0), dict.fromkeys(KINDS, 1.0))


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
def test_the_score_is_the_log_likelihood_ratio(rate):
    observed, sigma = np.array([-1.3, 0.2, 2.5]), 0.7
    present = (1 - rate) * stats.norm.pdf(observed, 0, sigma) + rate * stats.norm.pdf(observed, 1, sigma)
    wanted = np.log(present / stats.norm.pdf(observed, 0, sigma)).sum()
    assert log_likelihood_ratio(observed / sigma, 1 / sigma, rate) == pytest.approx(wanted)


def test_the_score_stays_finite_where_nothing_was_clipped():
    assert log_likelihood_ratio(np.array([1e9, -1e9]), 1e3, 0.3) == pytest.approx(1e12, rel=1e-3)


def test_the_pilot_measures_what_the_configured_step_gives(toy, naive):
    pilot = run_pilot(naive(), toy, steps=10, seed=3, runs=6)
    error = 4 / np.sqrt(60)
    for kind in KINDS:
        assert pilot.centre[kind] == pytest.approx(0 if kind == "row" else -5, abs=1.05 * error)
        assert pilot.spread[kind] == pytest.approx(1 if kind == "row" else 1.05, rel=error / np.sqrt(2))


def test_runs_follow_their_seed_and_purpose(toy, naive):
    settings = {"steps": 2, "runs": 12}
    one, same = (run_many(naive(), toy, PLAIN, seed=5, **settings) for _ in range(2))
    other = run_many(naive(), toy, PLAIN, seed=6, **settings)
    assert np.array_equal(one.scores, same.scores)
    assert np.array_equal(one.included, same.included)
    assert len(np.intersect1d(one.scores, other.scores)) == 0


def test_noise_can_be_asked_for_less(toy, naive):
    seen = []

    def noise(task, name, value, generator):
        del name, generator
        seen.append(task.noise_multiplier)
        return 0 * value

    run_many(naive(noise=noise), toy, PLAIN, steps=1, runs=2, seed=0, noise=0.25)
    assert set(seen) == {0.25}


def test_without_noise_the_canary_decides_the_score(toy, without_noise):
    pilot = run_pilot(without_noise, toy, steps=10, seed=1, runs=2)
    found = run_many(without_noise, toy, pilot, steps=10, runs=40, seed=1)
    # A canary that no step drew (chance 3 %) cannot show.
    assert (found.scores[found.included] > found.scores[~found.included].max()).mean() > 0.8


def test_half_of_the_runs_have_the_canary_and_kinds_have_their_shares(toy):
    calls = []

    def step(task):
        calls.append((len(task.labels), *task.inputs[0].tolist()))
        return [p.detach() for p in task.module.parameters()]

    n = 600
    found = run_many(LoadedStep("none", step, None), toy, PLAIN, steps=1, runs=n, seed=0)
    assert abs(found.included.mean() - 0.5) < 4 * np.sqrt(0.25 / n)
    assert sum(length == toy.n_others + 1 for length, *_ in calls) == found.included.sum()
    scenes = {kind: tuple(toy.others(kind).inputs[0].tolist()) for kind in KINDS}
    for kind, share in KINDS.items():
        alike = sum(KINDS[other] for other, scene in scenes.items() if scene == scenes[kind])
        seen = np.mean([tuple(first) == scenes[kind] for _, *first in calls])
        assert seen == pytest.approx(alike, abs=4 * np.sqrt(alike * (1 - alike) / n)), share
