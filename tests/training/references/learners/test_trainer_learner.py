import sys
from pathlib import Path

import numpy as np
import pytest

from privaudit.errors import ModelError, UsageError
from privaudit.training.references.learners.trainer_learner import TrainerLearner
from privaudit.training.references.plan import Population, ReferencePlan

MODULE = "users_training_code"
CODE = """
import numpy as np

calls = []

def train(texts, labels, seed):
    calls.append((texts, labels, seed))
    return lambda texts: np.arange(3) * np.array([[len(t)] for t in texts])

def broken(*_):
    raise KeyError("no such\\nthing")

def forgetful(*_):
    return None

def narrow(*_):
    return lambda texts: np.zeros((len(texts), 2))

def undefined(*_):
    return lambda texts: np.full((len(texts), 3), np.nan)

def clumsy(*_):
    return lambda texts: 1 / 0

constant = 3
"""


@pytest.fixture
def learner(tmp_path, monkeypatch):
    name = f"{MODULE}_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    return lambda function: TrainerLearner(f"{name}:{function}")


@pytest.fixture
def pool(corpus):
    return Population(corpus.texts, corpus.labels, 3)


def first(learner, pool):
    return next(learner.learn(ReferencePlan(learner, pool, pool, True, 5), [0]))


def test_the_function_gets_the_half_with_class_indices_and_a_seed(learner, pool):
    chosen = learner("train")
    output = first(chosen, pool)
    ((texts, labels, seed),) = sys.modules[chosen.function.partition(":")[0]].calls
    half = np.flatnonzero(output.inside)
    assert texts == [pool.texts[i] for i in half]
    np.testing.assert_array_equal(labels, pool.labels[half])
    assert 0 <= seed < 1 << 63
    np.testing.assert_array_equal(output.logits[:, 2], [2 * len(text) for text in pool.texts])


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        ("broken", UsageError, "failed while training: KeyError"),
        ("forgetful", UsageError, "returned a NoneType instead of a function"),
        ("clumsy", UsageError, "failed while scoring: ZeroDivisionError"),
        ("narrow", ModelError, r"\[160, C\]|The model gives 2 logits for 3 labels"),
        ("undefined", ModelError, "NaN or infinity"),
        ("constant", UsageError, "package.module:function"),
        ("missing", UsageError, "Cannot import --trainer"),
    ],
)
def test_what_a_function_does_wrong_is_told_in_one_line(learner, pool, function, error, message):
    with pytest.raises(error, match=message) as caught:
        first(learner(function), pool)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "nowhere", "nowhere:train", "json:", ":x"])
def test_a_name_that_is_no_function_is_told(name):
    with pytest.raises(UsageError, match="--trainer"):
        TrainerLearner(name).describe()


def test_changed_code_is_another_learner(learner, tmp_path):
    chosen = learner("train")
    before = chosen.describe()
    file = next(Path(tmp_path).glob("*.py"))
    file.write_text(CODE + "\n# changed\n")
    assert chosen.describe() != before
    assert before["function"] == chosen.function
