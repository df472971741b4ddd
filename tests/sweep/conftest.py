from dataclasses import replace

import numpy as np
import pytest

from privaudit.sweep import SweepRequest
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.sweep_data import CanaryRequest

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

    def make(canary=None, recipe=None, **changes):
        if canary is not None:
            changes["canary"] = replace(base.canary, **canary)
        if recipe is not None:
            changes["recipe"] = Recipe.for_architecture(**{"name": "cnn", "width": 8, "epochs": 4} | recipe)
        return replace(base, **changes)

    return make
