import io
import math

import pytest
from rich.console import Console

from privaudit.reports.terminal.epsilon_sweep_table import epsilon_sweep_parts
from privaudit.results import (
    Allowed,
    AttackOverModels,
    Claim,
    Control,
    Correlation,
    Epsilon,
    EpsilonSweep,
    EpsilonSweepRow,
    Interval,
    LowerBound,
)

NOTHING = Interval(value=None, low=None, high=None, reason="3 of 8 models")


def attack(value, targets):
    auc = Interval(value=value, low=value - 0.02, high=value + 0.02)
    return AttackOverModels(
        attack="loss", targets=targets, n_targets=500, n_references=0, auc=auc, tpr_at_fpr=()
    )


def bound(value, accounted, verdict):
    control = Control(name="positive", description="", p_value=3e-12, passed=True)
    return Epsilon(
        verdict=verdict,
        sentence="",
        design="one-run",
        test="",
        p_value=None if accounted is None else 0.4321,
        accounted=accounted,
        delta=1e-5,
        lower_bounds=(
            LowerBound(method="mahloujifar-gaussian", value=9.0, confidence=0.95, assumes=""),
            LowerBound(method="steinke", value=value, confidence=0.95, assumes=""),
        ),
        ceiling=5.0,
        n_in=2000,
        n_out=2000,
        score="",
        canaries="",
        threat_model="",
        controls=() if accounted is None else (control,),
    )


def row(epsilon, **values):
    base = {
        "epsilon": epsilon,
        "n_models": 8,
        "accuracy": Interval(value=0.9471, low=0.9452, high=0.949),
        "accuracy_members": Interval(value=0.96, low=0.95, high=0.97),
        "attacks": (attack(0.512, "records"), attack(0.651, "canaries")),
        "seconds": 1.0,
    }
    return EpsilonSweepRow(**(base | values))


PRIVATE = row(
    8.0,
    claim=Claim(noise_multiplier=0.9816),
    accounted=7.9996,
    allowed=Allowed(auc=0.807, auc_region=0.999, auc_last_iterate=0.677),
    bound=bound(1.318, 7.9996, "consistent"),
)
ORDINARY = row(math.inf, bound=bound(4.32, None, "no-claim"))
MISSING = row(2.0, n_models=3, accuracy=NOTHING, accuracy_members=NOTHING, attacks=(), reason="3 of 8 models")
TREND = Correlation(
    measure="loss AUC on canaries",
    n_points=5,
    spearman=0.9,
    p_value=1 / 24,
    per_model=Interval(value=0.85, low=0.7, high=1.0),
)
SWEEP = EpsilonSweep(
    delta=1e-5,
    vocabulary="hash:4096",
    n_records=12_859,
    n_canaries=500,
    canaries="a word",
    rows=(ORDINARY, PRIVATE, MISSING),
    correlations=(TREND,),
    verdict="inconclusive",
    sentence="No attack exceeded what the configured mechanism permits.",
)


def shown(sweep, width=200):
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False, highlight=False)
    for part in epsilon_sweep_parts(sweep, width):
        console.print(part)
    return console.file.getvalue()


def lines(sweep, width=200):
    return {line.split()[0]: line for line in shown(sweep, width).splitlines() if line.split()}


def test_the_finding_comes_first_and_every_epsilon_has_its_line():
    assert shown(SWEEP).splitlines()[0] == SWEEP.sentence
    found = lines(SWEEP)
    assert "1.31 of 8.00" in found["8"]
    assert "94.7% [94.5%, 94.9%]" in found["8"]
    assert "0.651 [0.631, 0.671]" in found["8"]
    assert "0.807 (0.677)" in found["8"]
    assert found["8"].split()[-1] == "consistent"
    assert found["inf"].split()[-1] == "no-claim"


def test_a_bound_is_the_one_that_assumes_nothing_of_the_mechanism():
    assert "9.0" not in shown(SWEEP)
    assert "4.32" in lines(SWEEP)["inf"]


def test_the_positive_control_has_its_column():
    assert "3e-12" in lines(SWEEP)["8"]
    assert "p without noise" in shown(SWEEP)


def test_what_is_missing_is_named_and_not_zero():
    line = lines(SWEEP)["2"]
    assert "n/m" in line
    assert "0.0" not in line


def test_correlations_tell_how_many_points_they_rest_on():
    assert "rank correlation 0.90 over 5 epsilons (p = 0.042), 0.85 [0.70, 1.00] within a model" in shown(
        SWEEP
    )
    flat = TREND.model_copy(update={"spearman": None, "p_value": None})
    assert "does not vary" in shown(SWEEP.model_copy(update={"correlations": (flat,)}))


@pytest.mark.parametrize("width", [60, 80, 100, 130, 200])
def test_it_fits_any_terminal_and_names_what_it_leaves_out(width):
    text = shown(SWEEP, width)
    assert max(map(len, text.splitlines())) <= width
    assert ("Left out" in text) == (width < 200)


def test_nothing_in_it_steers_the_terminal():
    assert "\x1b" not in shown(SWEEP.model_copy(update={"vocabulary": "a\x1b]0;b", "sentence": "\x1b[2J"}))
