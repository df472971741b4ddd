"""A history as a page: which lines are drawn, which are not, and which verdict stands."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from privaudit.reports.document import Figure, Table
from privaudit.reports.formats.html import html_page
from privaudit.reports.formats.markdown import markdown_page
from privaudit.reports.trend.page import trend
from privaudit.results.history import Entry, HistoryLimit, Measure

SVG = "{http://www.w3.org/2000/svg}"


def measure(attack="loss", metric="auc", value=0.7, width=0.05, **changes):
    low, high = (None, None) if value is None else (value - width, value + width)
    return Measure(
        **{"attack": attack, "metric": metric, "value": value, "low": low, "high": high, **changes}
    )


def entry(day, *measures, **changes):
    parts = {
        "created": f"2026-01-{day:02d}T10:00:00+00:00", "command": "mia", "model": "model.pt",
        "model_digest": f"{day:064x}", "data_digest": "ab" * 32, "comparable": True, "status": "pass",
        "tool_version": "1", "measures": measures or (measure(value=0.5 + day / 100),),
    }  # fmt: skip
    return Entry(**{**parts, **changes})


def limit(value=0.6, **changes):
    parts = {"expression": f"auc>{value:g}", "metric": "auc", "limit": value, "result": "exceeded"}
    return HistoryLimit(**{**parts, **changes})


def blocks(document, kind):
    return [block for section in document.sections for block in section.blocks if isinstance(block, kind)]


def lines(figure):
    """Every joined line of a chart with the number of its points, by colour."""
    root = ElementTree.fromstring(str(figure.chart))
    found = {}
    for line in root.iter("polyline"):
        found.setdefault(line.get("stroke"), []).append(len(line.get("points").split()))
    return {colour: pieces for colour, pieces in found.items() if colour != "currentColor"}


def the_figure(*entries):
    (figure,) = blocks(trend(entries), Figure)
    return figure


def broken_by(figure):
    return [row[-1] for row in figure.data.rows]


def test_audits_of_the_same_attack_on_the_same_data_are_joined():
    figure = the_figure(entry(1), entry(2), entry(3))
    assert list(lines(figure).values()) == [[3]]
    assert broken_by(figure) == ["", "", ""]


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (entry(2, data_digest="cd" * 32), "other data"),
        (entry(2, data_digest=None), "unknown data"),
        (entry(2, comparable=False), "sets not comparable"),
        (entry(2, measure(n_references=8)), "loss with 8 reference models instead of None"),
        (entry(2, measure(setup="other")), "loss with other settings"),
    ],
)
def test_a_line_breaks_where_points_cannot_be_compared_and_says_why(second, why):
    figure = the_figure(entry(1, measure()), second)
    assert lines(figure) == {}, "two points alone"
    assert broken_by(figure) == ["", why]
    assert str(figure.chart).count("<circle") == 2


def test_no_line_bridges_an_audit_that_did_not_measure():
    figure = the_figure(
        entry(1), entry(2, measure(value=None)), entry(3, measure(attack="gap")), entry(4), entry(5)
    )
    assert list(lines(figure).values()) == [[2]]
    cells = [row[2] for row in figure.data.rows]
    assert cells[:3] == ["0.510 [0.460, 0.560]", "n/m", "not run"]


def test_audits_of_another_kind_in_between_do_not_break_a_line():
    between = entry(2, measure("enumerate", "exposure", 5.0), command="extract")
    figures = blocks(trend([entry(1), between, entry(3)]), Figure)
    assert [len(figure.data.rows) for figure in figures] == [2, 1]
    assert list(lines(figures[0]).values()) == [[2]]


def test_the_worst_verdict_that_stands_is_that_of_the_page():
    old, new = entry(1, status="fail"), entry(2, status="pass")
    assert trend([old, new]).mark == "pass", "the same command has audited it again"
    assert trend([old, entry(2, status="pass", command="extract")]).mark == "fail", "another command has not"
    assert trend([old, entry(2, status="pass", model="other.pt")]).mark == "fail"
    assert (
        trend([entry(1, status="not-judged"), entry(2, model="b.pt", status="inconclusive")]).mark
        == "inconclusive"
    )
    assert trend([entry(1, status="not-judged")]).mark == "not-judged"


def test_what_passed_by_a_waiver_is_said():
    waived = entry(1, measure(), limits=(limit(result="exceeded", waived=True),))
    assert "Limits are exceeded and waived (model.pt" in trend([waived]).action
    assert "stayed within" not in trend([waived]).verdict
    assert "waived" not in trend([entry(1, measure(), limits=(limit(),))]).action


def test_every_audit_shows_its_verdict_as_a_sign_and_as_a_word():
    statuses = ("pass", "fail", "inconclusive", "not-judged")
    figure = the_figure(*(entry(day, status=status) for day, status in enumerate(statuses, 1)))
    shown = "".join(ElementTree.fromstring(str(figure.chart)).itertext())
    legend = " ".join(text for _, text in figure.legend)
    for sign, word in (("✓", "pass"), ("✗", "fail"), ("?", "undecided"), ("○", "no limits")):
        assert sign in shown
        assert f"{sign} {word}" in legend + shown


def test_limits_are_drawn_where_they_were_set_and_named():
    figure = the_figure(entry(1), entry(2, limits=(limit(0.55),)), entry(3, limits=(limit(0.6),)))
    shown = "".join(ElementTree.fromstring(str(figure.chart)).itertext())
    assert "auc>0.55" in shown
    assert "auc>0.6" in shown
    assert any("limit" in text for _, text in figure.legend)


def test_a_metric_with_a_limit_is_drawn_too():
    audit = entry(1, measure(), measure(metric="advantage"), limits=(limit(metric="advantage"),))
    assert len(blocks(trend([audit]), Figure)) == 2
    assert len(blocks(trend([entry(1, measure(), measure(metric="advantage"))]), Figure)) == 1


def test_the_claim_stands_in_the_chart_of_epsilon():
    bound = measure("steinke", "epsilon", 1.5, low=1.5, high=None)
    figure = the_figure(entry(1, bound, claimed_epsilon=4.0), entry(2, bound, claimed_epsilon=float("inf")))
    assert "claimed" in "".join(ElementTree.fromstring(str(figure.chart)).itertext())
    assert figure.data.rows[0][2] == "1.5"


def test_an_attack_looks_alike_in_all_charts_of_a_model():
    audit = entry(
        1, measure("a", value=0.9), measure("b", value=0.6),
        measure("a", "tpr@0.01", 0.1), measure("b", "tpr@0.01", 0.5), measure("c", "tpr@0.01", 0.3),
    )  # fmt: skip
    legends = [
        {text: str(swatch) for swatch, text in f.legend if "interval" in text}
        for f in blocks(trend([audit]), Figure)
    ]
    for attack in ("a", "b"):
        assert len({legend[f"{attack}, with its 95 % interval"] for legend in legends}) == 1
    assert len(set(legends[1].values())) == 3


def test_weaker_attacks_are_named_where_they_are_not_drawn():
    audit = entry(1, *(measure(name, value=0.5 + place / 100) for place, name in enumerate("abcdef")))
    (figure,) = blocks(trend([audit]), Figure)
    assert "Not drawn: b, a." in figure.caption
    named = entry(1, *audit.measures, limits=(limit(attack="a"),))
    assert "Not drawn: c, b." in the_figure(named).caption, "what a limit speaks of is drawn"


def test_the_summary_counts_and_leaves_out_what_nobody_measured():
    table = blocks(trend([entry(1), entry(2), entry(1, model="b.pt", status="fail")]), Table)[0]
    assert table.header == ("model", "command", "verdict", "last audit (UTC)", "AUC", "audits")
    assert table.rows == (
        ("b.pt", "mia", "✗ fail", "2026-01-01 10:00", "0.510", "1"),
        ("model.pt", "mia", "✓ pass", "2026-01-02 10:00", "0.520", "2"),
    )


def test_one_audit_and_numbers_without_width_are_drawn():
    for value in (0.0, 0.5, 1.0, float("inf"), 1e-9, 3e7):
        document = trend([entry(1, measure("enumerate", "exposure", value, low=value, high=value))])
        assert "NaN" not in html_page(document)
        assert "nan" not in str(blocks(document, Figure)[0].chart)


def test_a_long_history_of_many_models_stays_below_300_kb():
    measures = [measure(f"attack-{n}", f, 0.5 + n / 50) for n in range(12) for f in ("auc", "tpr@0.01")]
    many = [
        entry(day, *measures, created=f"20{year}-01-{day:02d}T10:00:00+00:00", model=f"model-{number}.pt",
              limits=(limit(),))
        for number in range(10) for year in (24, 25) for day in range(1, 25)
    ]  # fmt: skip
    document = trend(sorted(many, key=lambda audit: audit.created))
    assert len(html_page(document).encode()) < 300_000
    assert len(markdown_page(document).encode()) < 60_000
    assert "model-9.pt" in html_page(document), "named where it is not drawn"
    one = trend([audit for audit in many if audit.model == "model-1.pt"], "model-1.pt")
    assert any(
        "The last 30 of 48" in block.text
        for s in one.sections
        for block in s.blocks
        if hasattr(block, "text")
    )


HOSTILE = '<script>alert(1)</script>"\x1b[31m\u202e' + "x" * 10_000


def test_a_history_that_somebody_made_is_shown_and_not_obeyed():
    audit = entry(
        1, measure(HOSTILE, "auc"), measure("loss", HOSTILE), model=HOSTILE, command=HOSTILE, created=HOSTILE,
        model_digest=HOSTILE, data_digest=HOSTILE, tool_version=HOSTILE,
        limits=(limit(expression=HOSTILE, attack=HOSTILE, metric=HOSTILE), limit(expression=HOSTILE)),
    )  # fmt: skip
    document = trend([audit], HOSTILE)
    page, summary = html_page(document), markdown_page(document)
    for text in (page, summary):
        assert "<script" not in text
        assert not re.search(r"[\x00-\x08\x1b\u202e]", text)
    assert len(page) < 100_000


def test_ids_are_unique_on_the_page():
    both = [entry(1, measure(), measure(metric="tpr@0.01")), entry(2, model="b.pt")]
    identifiers = re.findall(r'\bid="([^"]+)"', html_page(trend(both)))
    assert len(identifiers) == len(set(identifiers))
