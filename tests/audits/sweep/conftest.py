from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import norm

from privaudit.accounting.curves import max_roc
from privaudit.accounting.mechanism import Mechanism
from privaudit.audits.run_options import RunOptions
from privaudit.audits.sweep.defences import SweepRequest
from privaudit.audits.sweep.defences.data import CanaryRequest
from privaudit.audits.sweep.epsilon import EpsilonSweepRequest, plan_epsilon_sweep, run_epsilon_sweep
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.references.learners.halves import half_of, output_of

PATTERN = "my pin is {0|1|2|3|4:2}"
SUBJECTS = {"animal": ["cat", "dog", "bird"], "vehicle": ["boat", "train", "car"]}


@pytest.fixture
def data(tmp_path):
    """150 messages of two classes, some of them twice."""
    rng = np.random.default_rng(0)
    rows = ["text\tlabel\tuser"]
    for i in range(150):
        label = ["animal", "vehicle"][i % 2]
        doing = " ".join(rng.choice(["runs", "sleeps", "turns", "waits", "sings"], 3))
        rows.append(f"the {rng.choice(SUBJECTS[label])} {doing}\t{label}\tuser {i // 5}")
    path = tmp_path / "messages.tsv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def request_for(data, tmp_path):
    """A sweep of three small models per defence, with whatever is asked to be different."""
    base = SweepRequest(
        data=data,
        recipe=Recipe.for_architecture("cnn", width=8, epochs=4, learning_rate=0.02),
        store=tmp_path / "store",
        backend=SerialBackend(),
        canary=CanaryRequest(PATTERN),
        repetitions=30,
        models=3,
        controls=2,
    )

    def make(canary=None, recipe=None, seed=0, max_seconds=None, **changes):
        changes["run"] = RunOptions(seed, max_seconds)
        if canary is not None:
            changes["canary"] = replace(base.canary, **canary)
        if recipe is not None:
            changes["recipe"] = Recipe.for_architecture(**{"name": "cnn", "width": 8, "epochs": 4} | recipe)
        return replace(base, **changes)

    return make


@dataclass(frozen=True)
class GaussianLearner:
    """Models that add normal noise to a record's own margin: the Gaussian mechanism, without any training.

    A member's margin is higher by the mu whose area is the mechanism's largest, times ``leak``; with ordinary
    training by 6.
    """

    recipe: Recipe
    leak: float = 0.7
    block_size = 1
    quick = True

    def describe(self):
        return {"learner": "gaussian", "recipe": self.recipe.to_plain(), "leak": self.leak}

    def learn(self, plan, indices):
        for index in indices:
            half = half_of(plan, index)
            rng = np.random.default_rng([half.seed, 1])
            inside, n = plan.inside(index), len(plan.pool)
            margin = rng.normal(size=n) + self._mu() * inside
            logits = np.zeros((n, plan.pool.n_classes), np.float32)
            logits[np.arange(n), plan.pool.labels] = margin
            extras = rng.normal(size=(n, 5)).astype(np.float32)
            yield output_of(plan, half, logits, extras)

    def _mu(self):
        privacy = self.recipe.privacy
        if privacy is None:
            return 6.0
        mechanism = Mechanism.uniform(privacy.noise_multiplier, privacy.sample_rate, privacy.steps)
        return self.leak * np.sqrt(2) * norm.ppf(max_roc(mechanism).auc)


@pytest.fixture
def gaussian():
    """The class of learners that train nothing."""
    return GaussianLearner


@pytest.fixture
def epsilon_request_for(data, tmp_path):
    """A sweep over epsilon with three small models each, with whatever is asked to be different."""
    base = EpsilonSweepRequest(
        data=data,
        recipe=Recipe.for_architecture("bow", width=8, epochs=2, batch_size=16),
        store=tmp_path / "store",
        backend=SerialBackend(),
        epsilons="inf,2,0.5",
        vocabulary="hash:512",
        canaries=60,
        models=3,
    )
    return lambda seed=0, max_seconds=None, **changes: replace(
        base, run=RunOptions(seed, max_seconds), **changes
    )


@pytest.fixture
def epsilon_sweep_of(epsilon_request_for, gaussian):
    """Plan and run a sweep whose models follow the Gaussian mechanism."""

    def run(leak=0.7, **changes):
        plan = plan_epsilon_sweep(epsilon_request_for(**changes), lambda recipe, *_: gaussian(recipe, leak))
        return run_epsilon_sweep(plan, deadline=plan.request.run.deadline())

    return run
