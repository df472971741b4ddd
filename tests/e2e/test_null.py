"""Where there is nothing to find, attacks may claim to have found something in one run of twenty, no more."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

RUNS = 100


@pytest.fixture(scope="module")
def null():
    """The benchmark, which says in full what is measured."""
    path = Path(__file__).parents[2] / "benchmarks" / "null.py"
    spec = importlib.util.spec_from_file_location("null_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def unseen(null):
    """Signals of records that neither of two models saw."""
    from privaudit.training.recipe import Recipe

    records = null.made_up(900)
    return [null.unseen(records, Recipe.for_architecture(name, epochs=8)) for name in ("bow", "cnn")]


@pytest.mark.slow
def test_no_attack_finds_members_where_coins_decided_after_the_training(null, unseen):
    misses = [
        null.excludes(null.flipped(signals, seed), seed)
        for k, signals in enumerate(unseen)
        for seed in range(k * RUNS, (k + 1) * RUNS)
    ]
    found = null.summaries(np.array(misses))
    assert [f.check for f in found] == list(null.CHECKS)
    for check in found:
        assert check.overall <= check.limit, check
        assert max(check.per_attack.values()) <= check.limit_of_one(), check


@pytest.mark.slow
def test_the_same_procedure_notices_a_model_that_knows_its_members(null, unseen):
    def leaking(signals):
        logits = signals.target_logits.copy()
        logits[np.arange(len(logits)), signals.label] += 1.5 * logits.std() * signals.member
        return replace(signals, target_logits=logits, cache={})

    misses = [null.excludes(leaking(null.flipped(unseen[0], seed)), seed) for seed in range(10)]
    auc, within, _, _ = null.summaries(np.array(misses))
    assert auc.per_attack["loss"] == 1.0
    assert within.per_attack["loss"] == 1.0
    assert auc.overall > auc.limit
