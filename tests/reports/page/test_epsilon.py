"""Epsilon on the page: claim, bounds and ceiling on one axis, controls that must and must not violate it."""

import pytest

from privaudit.reports.page.epsilon import against_theory
from privaudit.reports.page.epsilon_axis import epsilon_axis
from privaudit.results import Claim, Control, LowerBound


def bounds(*values, ceiling=None):
    return tuple(
        LowerBound(method=f"m{i}", value=value, confidence=0.95, assumes="coins", ceiling=ceiling)
        for i, value in enumerate(values)
    )


def test_everything_is_on_the_axis(make_epsilon):
    figure = epsilon_axis(make_epsilon(epsilon=2.0, ceiling=6.0))
    legend = [text for _, text in figure.legend]
    assert "claimed: 2" in legend
    assert "accounted (PLD): 2" in legend
    assert "the most this design could certify: 6" in legend
    assert [row[:3] for row in figure.data.rows] == [
        ("steinke", "0.5", "3"),
        ("rank-test-mechanism (the test)", "0.8", "6"),
    ]


def test_a_ceiling_far_away_is_named_at_the_end_of_the_axis(make_epsilon):
    figure = epsilon_axis(make_epsilon(epsilon=1.0, ceiling=40.0))
    assert "Beyond the axis: the most this design could certify: 40." in figure.caption
    assert ">40 ▸<" in figure.chart


@pytest.mark.parametrize("values", [(), (0.0,), (float("inf"),), (0.3, 250.0)])
def test_any_bound_can_be_drawn(make_epsilon, values):
    made = make_epsilon(epsilon=float("inf"), lower_bounds=bounds(*values), accounted=None, ceiling=4.0)
    figure = epsilon_axis(made)
    assert "nan" not in figure.chart
    assert "inf" not in figure.chart.partition("</desc>")[2]
    assert len(figure.data.rows) == len(values)


@pytest.mark.parametrize(
    ("name", "passed", "said", "tone"),
    [
        ("positive", True, "violates the claim, as expected (p = 0.01).", "plain"),
        ("positive", False, "does NOT violate the claim, although it must", "warning"),
        ("negative", True, "does not violate the claim, as expected", "plain"),
        ("negative", False, "VIOLATES the claim, although it must not", "warning"),
        ("positive", None, "did not run. Too dear.", "warning"),
    ],
)
def test_controls(make_result, make_epsilon, name, passed, said, tone):
    control = Control(name=name, description="no noise", p_value=0.01, passed=passed, reason="Too dear.")
    section = against_theory(make_result(epsilon=make_epsilon(controls=(control,))))
    (found,) = [block for block in section.blocks if "control:" in getattr(block, "text", "")]
    assert said in found.text
    assert found.tone == tone


def test_the_section_is_named_after_what_it_compares(make_result, make_membership, make_epsilon):
    rows = (make_membership(),)
    assert against_theory(make_result()) is None
    assert against_theory(make_result(membership=rows)).title == "Attack success"
    claimed = make_result(membership=rows, claim=Claim(epsilon=1.0, delta=1e-5))
    assert against_theory(claimed).title == "Attack success against the configured epsilon"
    section = against_theory(make_result(membership=rows, epsilon=make_epsilon()))
    assert section.blocks[0].text == "No violation was found."
    assert [type(block).__name__ for block in section.blocks[:4]] == ["Sentence", "Figure", "Figure", "Table"]
