"""Drawings: where things stand, that text stays text, and that nothing is drawn twice."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from privaudit.reports.svg import (
    BLUE,
    Axis,
    Chart,
    Strip,
    element,
    hatching,
    patch,
    slot_sign,
    strips,
    swatch,
)
from privaudit.reports.svg.elements import hatch, marker, shortened

LINEAR, LOG = (
    Axis(0.0, 10.0, "x", (0.0, 5.0, 10.0)),
    Axis(1e-4, 1.0, "y", (1e-4, 1.0), log=True, percent=True),
)


def chart(**fields):
    return Chart(LINEAR, LOG, "a title", "a description", **fields)


def drawn(made):
    return ElementTree.fromstring(made.render("c"))


def of(root, name):
    return [child for child in root if child.tag == name]


def pairs(text):
    return [tuple(map(float, pair.split(","))) for pair in text.split()]


def test_axes_place_values_between_their_ends():
    assert [LINEAR.place(v) for v in (-1.0, 0.0, 2.5, 99.0)] == [0.0, 0.0, 0.25, 1.0]
    assert [round(LOG.place(v), 6) for v in (1e-9, 1e-4, 1e-2, 1.0)] == [0.0, 0.0, 0.5, 1.0]
    assert [LOG.text(v) for v in (1e-4, 1.0)] == ["0.01 %", "100 %"]
    assert Axis(0.0, 1.0, "", (0.5,), names={0.5: "half"}).text(0.5) == "half"


def test_a_line_goes_where_its_points_are():
    made = chart(width=100, height=100, left=20, right=0, top=0, bottom=20)
    made.line([0.0, 5.0, 10.0], [1e-4, 1e-2, 1.0], BLUE)
    (line,) = of(drawn(made), "polyline")
    assert pairs(line.get("points")) == [(20.0, 80.0), (60.0, 40.0), (100.0, 0.0)]


def test_points_that_nobody_can_tell_apart_are_drawn_once():
    made = chart()
    xs = np.linspace(0, 10, 100_000)
    made.line(xs.tolist(), np.geomspace(1e-4, 1, len(xs)).tolist(), BLUE)
    points = pairs(of(drawn(made), "polyline")[0].get("points"))
    assert len(points) < 1_000
    assert points[-1] == (480 - 22, 12)
    gaps = np.hypot(*np.diff(points, axis=0).T)
    assert (gaps[:-1] > 0.5).all()


def test_numbers_that_are_none_are_left_out():
    made = chart()
    made.line([0.0, float("nan"), 10.0], [0.1, 0.2, float("inf")], BLUE)
    assert len(pairs(of(drawn(made), "polyline")[0].get("points"))) == 1


@pytest.mark.parametrize("text", ["<script>", '"><a href="x">', "]]>&amp;", "a" * 500])
def test_foreign_text_stays_text_and_fits(text):
    made = Chart(LINEAR, LOG, text, text)
    made.beside(0.1, text)
    made.aside(0.1, text)
    made.beyond(0.1, "9")
    made.name(1.0, 0.1, text)
    root = drawn(made)
    assert {child.tag for child in root} == {"title", "desc", "path", "text"}
    assert of(root, "title")[0].text == text
    assert all(len(child.text) <= 24 for child in of(root, "text") if child.text.endswith("…"))
    strip = strips([Strip(text, (True, False), (text,))], text, text, "s")
    assert ElementTree.fromstring(strip).find("title").text == text


def test_hatching_stays_inside_its_box():
    pieces = np.array(list(hatch(10, 20, 110, 50, 12)))
    assert pieces[:, [0, 2]].min() >= 10
    assert pieces[:, [0, 2]].max() <= 110
    assert pieces[:, [1, 3]].min() >= 20
    assert pieces[:, [1, 3]].max() <= 50
    np.testing.assert_allclose(pieces[:, 2] - pieces[:, 0], pieces[:, 1] - pieces[:, 3])
    made = chart()
    made.hatched(0.0)
    assert not made.marks
    made.hatched(5.0, "no")
    made.hatched(5.0, "no room for so many words in here at all")
    assert len(of(drawn(made), "text")) == len(of(drawn(chart()), "text")) + 1


def test_intervals_have_ends_and_a_point():
    made = chart()
    made.interval(0.01, 2.0, 4.0, 6.0, BLUE, "square")
    made.whisker(5.0, 0.001, 0.1, BLUE)
    made.dot(5.0, 0.01, BLUE, "diamond")
    shapes = [child.tag for child in drawn(made)][-4:]
    assert shapes == ["path", "polygon", "path", "polygon"]


@pytest.mark.parametrize("shape", ["circle", "square", "diamond", "triangle"])
def test_markers_are_about_their_place(shape):
    root = ElementTree.fromstring(marker(shape, 50.0, 70.0, BLUE))
    if shape == "circle":
        assert (root.get("cx"), root.get("cy")) == ("50", "70")
    else:
        assert np.mean(pairs(root.get("points")), axis=0) == pytest.approx((50.0, 70.0), abs=1.5)


def test_words_stay_legible_on_a_small_screen():
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', chart().render("c"))]
    assert min(sizes) * 328 / 480 > 9


def test_a_strip_wraps_its_slots_and_tells_them_apart_without_colour():
    root = ElementTree.fromstring(strips([Strip("c", (True,) * 7 + (False,))], "t", "d", "s"))
    right, wrong = root.findall("path")
    places = [re.findall(r"M([\d.]+),([\d.]+)h88", boxes.get("d")) for boxes in (right, wrong)]
    assert [len(found) for found in places] == [7, 1]
    assert len({y for _, y in places[0]}) == 2
    assert max(float(x) for found in places for x, _ in found) + 88 <= 480
    assert right.get("stroke-dasharray") != wrong.get("stroke-dasharray")
    words = [text.text for text in root.findall("text")]
    assert words[1:] == [*(f"{i} ✓ right" for i in range(1, 8)), "8 ✗ wrong"]
    assert float(root.get("height")) > max(float(y) for found in places for _, y in found) + 28


def test_samples_of_a_legend_are_hidden_from_screen_readers():
    for sample in (
        swatch(BLUE, "7 4"),
        swatch(BLUE, "", "circle"),
        patch(BLUE, 0.2),
        hatching(),
        slot_sign(True),
    ):
        assert ElementTree.fromstring(sample).get("aria-hidden") == "true"


def test_elements_escape_what_is_no_markup():
    made = element("text", "<b>", element("tspan", "&"), x=1.0, y=None, fill="", aria_label='"')
    assert made == '<text x="1" aria-label="&#34;">&lt;b&gt;<tspan>&amp;</tspan></text>'
    assert shortened("abcdef", 1) == "abc…"
    assert shortened("abc", 1) == "abc"
