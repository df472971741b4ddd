"""A small bundle with 200 canaries by coin, each a word of its own, and requests to audit it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from privaudit.audits.epsilon import EpsilonRequest
from privaudit.audits.inputs import Inputs
from privaudit.audits.run_options import RunOptions
from privaudit.data.canaries.plant import PlantingSettings, plant_file
from privaudit.results import Claim
from privaudit.training.job import train_bundle
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.request import TrainingRequest

SUBJECTS = {"animal": ["cat", "dog", "bird"], "vehicle": ["boat", "train", "car"]}
RARE = tuple(f"zq{i:04d}" for i in range(400))
RECIPE = Recipe.for_architecture("bow", width=16, epochs=12, learning_rate=0.05, batch_size=32)
CLAIM = Claim(epsilon=1.0, delta=1e-5, source="typed")


@dataclass(frozen=True)
class Planted:
    folder: Path

    @property
    def model(self):
        return self.folder / "model.pt"

    @property
    def manifest(self):
        return self.folder / "canaries.json"

    @property
    def data(self):
        return self.folder / "planted.tsv"


def write_data(path, n=160):
    rng = np.random.default_rng(0)
    rows = ["text\tlabel"]
    for i in range(n):
        label = ["animal", "vehicle"][i % 2]
        doing = " ".join(rng.choice(["runs", "sleeps", "turns", "waits", "sings", "stops"], 3))
        rows.append(f"the {rng.choice(SUBJECTS[label])} {doing}\t{label}")
    path.write_text("\n".join(rows) + "\n")


def plant(folder, **changes):
    settings = PlantingSettings(
        patterns=("{rare}",), label="random", repetitions=1, count=200, include="coin", seed=3,
        candidates={"rare": RARE},
    )  # fmt: skip
    plant_file(
        folder / "data.tsv",
        replace(settings, **changes),
        output=folder / "planted.tsv",
        manifest=folder / "canaries.json",
    )


def planted_model(folder, recipe=RECIPE, data="planted.tsv", **changes):
    write_data(folder / "data.tsv")
    plant(folder, **changes)
    train_bundle(
        TrainingRequest(
            folder / data, recipe, output=folder / "model.pt", holdout=0.3, manifest=folder / "canaries.json"
        )
    )
    return Planted(folder)


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    """Trained on the planted data, without privacy."""
    return planted_model(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="session")
def audit_store(tmp_path_factory):
    return tmp_path_factory.mktemp("audit-store")


@pytest.fixture
def make_planted(tmp_path):
    return lambda **changes: planted_model(tmp_path, **changes)


@pytest.fixture
def request_for(planted, audit_store):
    """An audit of the planted bundle, with whatever is asked to be different."""

    def make(model=None, seed=0, max_seconds=None, **changes):
        base = EpsilonRequest(
            run=RunOptions(seed, max_seconds),
            inputs=Inputs(model=model or planted.model),
            store=audit_store,
            backend=SerialBackend(),
            canaries=planted.manifest,
            claim=CLAIM,
        )
        return replace(base, **changes)

    return make
