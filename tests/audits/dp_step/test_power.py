"""Bugs in privaudit's own training are caught, and the correct training is not accused."""

import importlib.util
import sys
from pathlib import Path

import pytest

from privaudit.audits.dp_step.design import Design

BANK, REPEATS = 900, 50


def _load():
    path = Path(__file__).parents[3] / "benchmarks" / "selftest_power.py"
    spec = importlib.util.spec_from_file_location("benchmarks_selftest_power", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


power = _load()


@pytest.fixture(scope="module", autouse=True)
def nulls():
    with power.shared_nulls():
        yield


@pytest.mark.slow
@pytest.mark.parametrize("variant", power.VARIANTS, ids=lambda variant: variant.name)
def test_the_test_catches_the_bug_and_spares_the_correct(variant):
    design = Design()
    row = power.caught(variant, power.bank(variant, design, BANK, seed=1), design, REPEATS, seed=1)
    assert row.as_wanted, power.line(row)


def test_a_bug_is_there_inside_the_block_alone(toy):
    """Each injected bug changes what the step returns; afterwards the step is itself again."""
    from privaudit.audits.dp_step.observe import noisy_sum

    def first(variant):
        with variant.injected() as step:
            return noisy_sum(step, toy.task(toy.scene("weight", included=True), 3, rate=0.4))["linear.weight"]

    correct = first(power.VARIANTS[0])
    for variant in power.VARIANTS[2:]:
        moved = not (first(variant) == correct).all()
        assert moved == ("embedding" not in variant.name), variant.name
    assert (first(power.VARIANTS[0]) == correct).all()
