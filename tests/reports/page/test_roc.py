"""The ROC chart: what it draws, what it refuses to draw, and what it says in words."""

import math
import re

import numpy as np
import pytest

from privaudit.audits.membership.evaluate import roc
from privaudit.reports.page.roc import roc_figure
from privaudit.reports.page.roc_lines import (
    LEAST,
    AllowedRegion,
    RocLine,
    allowed_lines,
    attack_lines,
    canary_line,
)
from privaudit.results import Claim, Curve, Roc
from privaudit.stats.ranked import rank_scores
from privaudit.stats.tradeoff import max_tpr_epsilon_delta


def polygons(figure):
    return re.findall(r'<polygon points="([^"]*)" fill="([^"]*)" fill-opacity="([^"]*)"', figure.chart)


def points(text):
    return np.array([[float(v) for v in pair.split(",")] for pair in text.split()])


def test_the_best_two_attacks_and_loss_are_drawn_and_two_have_bands(make_result, make_membership):
    rows = [
        make_membership(name, shift) for name, shift in [("loss", 0.1), ("a", 1.0), ("b", 2.0), ("c", 0.5)]
    ]
    figure = roc_figure(make_result(membership=tuple(rows)))
    names = [text for _, text in figure.legend]
    assert names[:3] == ["b", "a", "loss"]
    assert [text for text in names if "band" in text] == [
        "95 % band of b, at all thresholds at once",
        "95 % band of a, at all thresholds at once",
    ]
    assert len(polygons(figure)) == 2


def test_what_the_sample_cannot_measure_is_no_number(make_result, make_membership):
    few, many = make_membership("few", 1.5, n=100), make_membership("many", 1.0, n=5000)
    figure = roc_figure(make_result(membership=(few, many), n_nonmembers=5000))
    by_name = {row[0]: row[1:] for row in figure.data.rows}
    assert by_name["few"][:2] == ("n/m", "n/m")
    assert re.fullmatch(r"[\d.]+ % \[[\d.]+, [\d.]+\]", by_name["few"][2])
    assert by_name["many"][0] == "n/m"
    assert by_name["many"][1].endswith("]")
    assert "few: not measurable at 1 %" in figure.chart
    left = 66 + math.log10(10 / 100 / LEAST) / 4 * (480 - 66 - 22)
    assert points(polygons(figure)[0][0])[:, 0].min() == pytest.approx(left, abs=0.1)


def test_the_band_in_the_table_is_that_of_the_result(make_membership):
    row = make_membership("a", 1.0, n=1000)
    (line,) = attack_lines([row])
    roc = row.roc
    for fpr in (0.0101, 0.1, 0.5, 0.99):
        low, high = line.band_at(fpr)
        before = max(i for i, x in enumerate(roc.fpr) if x <= fpr)
        after = min(i for i, x in enumerate(roc.fpr) if x >= fpr)
        assert (low, high) == (roc.tpr_low[before], roc.tpr_high[after])
        assert low <= line.at(fpr) <= high
    assert line.band_at(0.001) is None
    assert line.at(0.001) is None


@pytest.mark.parametrize("levels", [2, 4])
def test_a_band_is_drawn_as_wide_as_it_is_guaranteed(levels):
    """Scores that many records share: the true curve of such an attack rises in steps."""
    rng, n, seen = np.random.default_rng(levels), 300, np.geomspace(0.05, 0.999, 400)
    rising = np.arange(1, levels + 1) / np.arange(1, levels + 1).sum()
    fpr, tpr = np.concatenate([[0], np.cumsum(rising)]), np.concatenate([[0], np.cumsum(rising[::-1])])
    true = tpr[np.searchsorted(fpr, seen, side="right") - 1]
    member = np.arange(2 * n) < n
    for _ in range(20):
        scores = np.concatenate([rng.choice(levels, n, p=p) for p in (rising, rising[::-1])]).astype(float)
        found = roc(rank_scores(scores, member))
        stairs = RocLine("", found.fpr, found.tpr, "", "", 0.05, found.tpr_low, found.tpr_high).stairs(0.05)
        here = np.searchsorted(stairs.fpr, seen, side="right") - 1
        assert (np.array(stairs.low)[here] <= true).all()
        assert (true <= np.array(stairs.high)[here]).all()


def test_nothing_is_drawn_that_no_threshold_reaches(make_result, make_membership):
    """One score for all members and a third of the rest: no threshold finds anybody below that."""
    member = np.arange(2000) < 1000
    scores = np.where(member | (np.arange(2000) % 3 == 0), 1.0, 0.0)
    row = make_membership("vocabulary", roc=roc(rank_scores(scores, member)))
    (line,) = attack_lines([row])
    stairs = line.stairs(0.01)
    assert {t for x, t in zip(stairs.fpr, stairs.tpr, strict=True) if x < 0.33} == {0.0}
    assert line.at(0.3) == 0.0
    assert "vocabulary: 0 % at 1 %, 0 % at 10 %." in roc_figure(make_result(membership=(row,))).chart


def test_older_results_have_lines_without_a_band(make_result, make_membership):
    row = make_membership()
    row = row.model_copy(update={"roc": Roc(fpr=row.roc.fpr, tpr=row.roc.tpr)})
    figure = roc_figure(make_result(membership=(row,)))
    assert not polygons(figure)
    assert "[" not in figure.data.rows[0][3]


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, 1e-6), (1.0, 1e-5), (8.0, 1e-3), (900.0, 0.0)])
def test_the_region_of_a_claim_is_that_of_the_theory(epsilon, delta):
    (line,) = allowed_lines(None, Claim(epsilon=epsilon, delta=delta))
    xs, ys = line.drawn()
    np.testing.assert_allclose(ys, max_tpr_epsilon_delta(np.array(xs), epsilon, delta), atol=1e-9)
    assert xs[0] == LEAST
    assert xs[-1] == 1.0


def test_a_curve_with_few_corners_is_bent_on_logarithmic_axes():
    line = AllowedRegion("", (0.0, 0.5, 1.0), (0.0, 0.9, 1.0), "", "")
    xs, ys = line.drawn()
    assert len(xs) > 50
    np.testing.assert_allclose(ys, np.interp(xs, line.fpr, line.tpr), atol=1e-12)


def test_a_claim_that_nobody_tested_is_drawn_and_said(make_result, make_membership):
    figure = roc_figure(make_result(membership=(make_membership(),), claim=Claim(epsilon=1.0, delta=1e-5)))
    assert "That was not tested here" in figure.caption
    assert "the (epsilon, delta) region: what the claim allows" in [text for _, text in figure.legend]
    assert any(opacity == "0.12" for _, _, opacity in polygons(figure))


def test_a_band_above_the_region_is_called_so(make_result, make_epsilon):
    refuted = roc_figure(make_result(epsilon=make_epsilon(0.5, shift=3.0, verdict="violated")))
    said = refuted.caption.partition("Here the band of canaries of the epsilon audit lies above it: at ")[2]
    x, y, most = (float(number) / 100 for number in re.findall(r"([\d.]+) %", said)[:3])
    assert most == pytest.approx(float(max_tpr_epsilon_delta(x, 0.5, 1e-5)), rel=0.05)
    assert y > most
    assert "Here" not in roc_figure(make_result(epsilon=make_epsilon(2.0, shift=0.0))).caption


def test_a_line_without_a_band_contradicts_nothing_unless_the_test_does(make_result, make_epsilon):
    above = {"epsilon": 0.5, "shift": 3.0, "design": "one-run"}
    assert (
        "Here" not in roc_figure(make_result(epsilon=make_epsilon(**above, verdict="inconclusive"))).caption
    )
    said = roc_figure(make_result(epsilon=make_epsilon(**above, verdict="violated"))).caption
    assert "Here the line of canaries of the epsilon audit lies above it" in said
    assert "not other trainings of the model" in said


def test_another_mechanism_is_drawn_only_where_the_claim_names_none(make_result, make_epsilon):
    curve = {"fpr": (0.0, 1.0), "tpr": (0.0, 1.0), "auc": 0.5}
    gaussian, exact = Curve(kind="gaussian", **curve), Curve(kind="mechanism", **curve)
    region = make_epsilon().theory_curves
    with_both = roc_figure(make_result(epsilon=make_epsilon(theory_curves=(exact, *region, gaussian))))
    assert not any("Gaussian" in text for _, text in with_both.legend)
    assert any("Gaussian" in row[0] for row in with_both.data.rows)
    without = roc_figure(make_result(epsilon=make_epsilon(theory_curves=(*region, gaussian))))
    assert any("Gaussian" in text for _, text in without.legend)


def test_there_is_no_chart_without_a_curve(make_result, make_epsilon):
    assert roc_figure(make_result()) is None
    assert roc_figure(make_result(claim=Claim(epsilon=1.0, delta=1e-5))) is None
    assert canary_line(None) is None
    assert canary_line(make_epsilon(empirical_curve=None)) is None
