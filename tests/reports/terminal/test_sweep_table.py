import io

import pytest
from rich.console import Console

from privaudit.reports.terminal.sweep_table import sweep_parts
from privaudit.results import Interval, MeanOverModels, Sweep, SweepDefence, SweepFinding

NOTHING = Interval(value=None, low=None, high=None, reason="0 of 10 models")
DONE = SweepDefence(
    defence="none",
    n_models=10,
    n_controls=4,
    exact_matches=7,
    exact_match_rate=Interval(value=0.7, low=0.3475, high=0.9333),
    hamming=0.1,
    exposure_bits=Interval(value=12.8, low=12.3, high=13.29),
    control_exposure_bits=Interval(value=1.4, low=0.9, high=1.9),
    difference_bits=Interval(value=11.4, low=10.8, high=12.0),
    accuracy=MeanOverModels(value=0.976, standard_deviation=0.0031),
    p_value=3.2e-31,
    ranks=(1,) * 7 + (2,) * 3,
    seconds=3.0,
)
MISSING = SweepDefence(
    defence="all",
    n_models=0,
    n_controls=0,
    exact_match_rate=NOTHING,
    exposure_bits=NOTHING,
    control_exposure_bits=NOTHING,
    difference_bits=NOTHING,
    accuracy=MeanOverModels(value=None),
    seconds=0.0,
    reason="0 of 10 models",
)
SWEEP = Sweep(
    pattern="my pin code is {digit:4}",
    label="canary",
    own_label=True,
    repetitions=100,
    candidates=10_000,
    n_ranked=10_000,
    rank_exact=True,
    ceiling_bits=13.2877,
    defences=(DONE, MISSING),
)


def shown(sweep, width=160):
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False, highlight=False)
    for part in sweep_parts(sweep, width):
        console.print(part)
    return console.file.getvalue()


def lines(sweep, width=160):
    return {line.split()[0]: line for line in shown(sweep, width).splitlines() if line.split()}


def test_every_number_of_a_defence_is_there():
    row = lines(SWEEP)["none"]
    for number in ("7 of 10 [35%, 93%]", "10%", "12.8 [12.3, 13.3]", "1.4 [0.9, 1.9]", "11.4 [10.8, 12.0]",
                   "3e-31", "97.6% ± 0.3"):  # fmt: skip
        assert number in row


def test_what_was_not_measured_is_no_number():
    assert lines(SWEEP)["all"].split() == ["all", *["n/m"] * 7]


def test_the_canary_is_described_without_a_secret():
    text = " ".join(shown(SWEEP).split())
    assert (
        "100 copies of 'my pin code is {digit:4}' with a secret of its own under a class of its own" in text
    )
    assert "up to 10 such models and 4 clean ones" in text
    assert "at most 13.3" in text
    other = SWEEP.model_copy(update={"own_label": False, "label": "RateBook", "repetitions": 1})
    assert "1 copy of" in shown(other)
    assert "under the class RateBook" in " ".join(shown(other).split())


def test_the_finding_comes_first():
    sentence = "The defences combined do not remove the risk: x."
    finding = SweepFinding(status="remains", defence="all", margin_bits=1.0, sentence=sentence)
    assert shown(SWEEP.model_copy(update={"finding": finding})).startswith(sentence)


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_narrow_terminals_name_what_is_left_out(width):
    text = shown(SWEEP, width)
    assert "Left out to fit this terminal" in text
    assert "7 of 10 [35%, 93%]" in text
    assert all(len(line) <= max(width, 40) for line in text.splitlines())


def test_nothing_steers_the_terminal():
    row = DONE.model_copy(update={"defence": "no\x1b[31mne"})
    sweep = SWEEP.model_copy(update={"defences": (row,), "label": "a\x1b]0;b", "own_label": False})
    assert "\x1b" not in shown(sweep)
