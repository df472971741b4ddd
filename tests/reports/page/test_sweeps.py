"""Sweeps on the page: what is allowed, what was reached, and the accuracy beside it."""

import math
import re

import pytest

from privaudit.reports.document import Figure
from privaudit.reports.page.epsilon_sweep import epsilon_sweep
from privaudit.reports.page.subject import claim
from privaudit.reports.page.sweep import sweep
from privaudit.results import (
    Allowed,
    AttackOverModels,
    Claim,
    Correlation,
    EpsilonSweep,
    EpsilonSweepRow,
    Interval,
    LowerBound,
    MeanOverModels,
    Sweep,
    SweepDefence,
)


def spread(value, width=0.02):
    return Interval(value=value, low=value - width, high=value + width)


def an_attack(value, targets):
    return AttackOverModels(
        attack="loss", targets=targets, n_targets=9, n_references=0, auc=spread(value), tpr_at_fpr=()
    )


@pytest.fixture
def over_epsilons(make_epsilon):
    def make(*epsilons):
        rows = []
        for epsilon in epsilons:
            private = math.isfinite(epsilon)
            bound = LowerBound(method="steinke", value=0.4, confidence=0.95, assumes="coins", ceiling=4.0)
            rows.append(
                EpsilonSweepRow(
                    epsilon=epsilon,
                    claim=Claim(noise_multiplier=1.5, steps=300, accountant="pld") if private else None,
                    accounted=epsilon if private else None,
                    n_models=8,
                    accuracy=spread(0.85, 0.01),
                    accuracy_members=spread(0.9),
                    attacks=(
                        an_attack(0.6, "canaries"),
                        an_attack(0.7, "canaries"),
                        an_attack(0.55, "records"),
                    ),
                    allowed=Allowed(auc=0.8, auc_region=0.9, auc_last_iterate=0.75) if private else None,
                    bound=make_epsilon(lower_bounds=(bound,)),
                    seconds=1.0,
                )
            )
        trend = Correlation(measure="loss AUC", n_points=3, spearman=1.0, p_value=0.17, per_model=spread(0.9))
        return EpsilonSweep(
            delta=1e-5, vocabulary="hash", n_records=900, n_canaries=90, canaries="words", rows=tuple(rows),
            correlations=(trend,), verdict="consistent", sentence="No violation was found.",
        )  # fmt: skip

    return make


def figures(section):
    return [block for block in section.blocks if isinstance(block, Figure)]


def test_accuracy_and_success_share_an_axis_and_stay_two_charts(make_result, over_epsilons):
    section = epsilon_sweep(make_result(epsilon_sweep=over_epsilons(math.inf, 8.0, 2.0)))
    practice, bounds = figures(section)
    assert practice.chart.count("<svg") == 2
    upper, lower = practice.chart.split("</svg>")[:2]
    for chart in (upper, lower):
        assert re.findall(r">(2|8|none)</text>", chart) == ["2", "8", "none"]
    by_name = {row[0]: row[1:] for row in practice.data.rows}
    assert by_name["best attack on canaries"] == ("0.700 [0.680, 0.720]",) * 3
    assert by_name["the most that the mechanism allows"] == ("0.800", "0.800", "n/m")
    assert by_name["accuracy"][2] == "0.850 [0.840, 0.860]"
    assert practice.data.header == ("line", "2", "8", "none")
    assert bounds.data.rows == (
        ("epsilon 2", "2", "0.4", "4"),
        ("epsilon 8", "8", "0.4", "4"),
        ("epsilon none", "none", "0.4", "4"),
    )


def test_one_epsilon_is_no_line(make_result, over_epsilons):
    section = epsilon_sweep(make_result(epsilon_sweep=over_epsilons(2.0)))
    assert len(figures(section)) == 1
    assert epsilon_sweep(make_result()) is None


def test_what_each_epsilon_was_accounted_from(make_result, over_epsilons, words):
    said = words(claim(make_result(epsilon_sweep=over_epsilons(math.inf, 2.0))))
    assert "epsilon accounted noise multiplier" in said
    assert "2 2 1.5 none 300 none pld" in said
    assert "inf none none none none none n/m" in said


def a_defence(name, bits, **fields):
    return SweepDefence(
        defence=name,
        n_models=4,
        n_controls=2,
        exact_matches=2,
        exact_match_rate=spread(0.5, 0.3),
        exposure_bits=spread(bits, 0.5),
        control_exposure_bits=spread(1.4, 0.5),
        difference_bits=spread(bits - 1.4, 0.5),
        accuracy=MeanOverModels(value=0.91, standard_deviation=0.004),
        seconds=1.0,
        **fields,
    )


def test_defences_have_their_exposure_and_their_accuracy_beside_it(make_result, words):
    rows = (a_defence("none", 9.0), a_defence("dp:8", 2.0, epsilon=8.0, group_epsilon=120.0))
    found = Sweep(
        pattern="my pin is {digit:4}", label="x", own_label=True, repetitions=10, candidates=10_000,
        n_ranked=10_000, rank_exact=True, ceiling_bits=13.3, defences=rows,
    )  # fmt: skip
    section = sweep(make_result(sweep=found))
    (figure,) = figures(section)
    assert figure.data.rows[1] == ("dp:8", "2.0 [1.5, 2.5]", "1.4 [0.9, 1.9]", "91.0% ± 0.4")
    assert figure.chart.count(">91.0% ± 0.4</text>") == 2
    said = words(section)
    assert "8 (120 for all copies)" in said
    assert "2 of 4 [20%, 80%]" in said
    assert sweep(make_result()) is None
