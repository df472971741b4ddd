"""What changed since a baseline, on the page and in a terminal."""

import io
import math
from xml.etree import ElementTree

import pytest
from rich.console import Console, Group

from privaudit.reports.document import Figure, Listing, Sentence, Table
from privaudit.reports.page.comparison import comparison as section_of
from privaudit.reports.page.sections import document_of
from privaudit.reports.terminal.comparison_table import comparison_parts
from privaudit.reports.words.comparison import CAPTION, lines, not_compared, summary
from privaudit.results import (
    BlindBaseline,
    Change,
    Comparison,
    Data,
    Interval,
    Model,
    Provenance,
    Result,
    Tool,
    Verdict,
)

NOTHING = Interval(value=None, low=None, high=None, reason="no texts")
HOSTILE = '<script>alert(1)</script>\x1b[31m\u202eevil\n"&'


def an_interval(value, half=0.03):
    return Interval(value=value, low=value - half, high=value + half)


def a_change(attack="loss", metric="auc", *, old=0.6, difference=0.1, half=0.06, canary=None, reason=None):
    ends = an_interval(difference, half)
    if reason is not None:
        ends = Interval(value=None, low=None, high=None, reason=reason)
    direction = "undecided"
    if reason is None and abs(difference) > half:
        direction = "more" if difference > 0 else "less"
    return Change(
        attack=attack,
        canary=canary,
        metric=metric,
        old=an_interval(old),
        new=an_interval(old + difference),
        difference=ends,
        direction=direction,
    )


def a_result(*changes, **fields):
    found = {
        "baseline_model": "old.pt",
        "baseline_digest": "0123456789abcdef" * 4,
        "baseline_created": "2026-01-01T00:00:00+00:00",
        "baseline_status": "pass",
        "same_model": False,
        "changes": changes,
    }
    return Result(
        tool=Tool(version="0"),
        created="2026-02-01T00:00:00+00:00",
        command="mia",
        model=Model(
            path="new.pt",
            format="bundle",
            architecture="bow",
            loader="l",
            files=(),
            digest="a",
            access="score",
        ),
        data=Data(
            source="files",
            n_members=10,
            n_nonmembers=10,
            blind_baseline=BlindBaseline(auc=NOTHING, comparable=True),
        ),
        verdict=Verdict(status="not-judged", sentence="s"),
        provenance=Provenance(argv=(), seed=0, python="3", platform="p", versions={}, seconds=1.0),
        comparison=Comparison(**{**found, **fields}),
    )


def printed(result, width=120):
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None, highlight=False)
    console.print(Group(*comparison_parts(result, width)))
    return stream.getvalue()


def blocks(result, kind):
    section = section_of(result)
    assert section is not None
    return [block for block in section.blocks if isinstance(block, kind)]


@pytest.fixture
def three():
    return a_result(
        a_change("rises", difference=0.1),
        a_change("open", difference=0.02),
        a_change("falls", difference=-0.2),
        a_change("falls", metric="tpr@0.01", old=0.3, difference=-0.1),
        a_change("rare", metric="tpr@0.0001", reason="too few"),
    )


def test_without_a_comparison_there_is_no_section():
    result = a_result().model_copy(update={"comparison": None})
    assert section_of(result) is None
    assert list(comparison_parts(result, 80)) == []


def test_the_sentence_counts_what_rose_fell_and_may_be_chance(three):
    text = summary(three.comparison)
    assert text == (
        "Of 4 numbers in both results, 1 shows more leakage than the baseline and 2 show less; chance may "
        "explain 1 of the differences."
    )
    assert text in " ".join(printed(three).split())
    assert blocks(three, Sentence)[0].text == text
    assert summary(a_result().comparison) == "No number could be compared between the two results."


def test_the_table_shows_both_numbers_the_difference_and_its_sign(three):
    (table,) = blocks(three, Table)
    assert table.rows[0] == (
        "rises", "AUC", "0.600 [0.570, 0.630]", "0.700 [0.670, 0.730]", "+0.100 [+0.040, +0.160]",
        "more leakage",
    )  # fmt: skip
    assert [row[0] for row in table.rows] == ["rises", "falls", "falls", "open"]
    assert table.rows[2][4] == "-10.0% [-16.0%, -4.0%]"
    assert table.caption == CAPTION


def test_a_figure_has_every_interval_around_zero_and_says_it_in_words(three):
    (figure,) = blocks(three, Figure)
    tree = ElementTree.fromstring(figure.chart)
    described = next(node.text for node in tree.iter() if node.tag.endswith("desc"))
    for name in ("rises", "open", "falls"):
        assert f"{name} " in described
    assert [row[0] for row in figure.data.rows] == ["rises", "open", "falls"]
    assert "rare" not in described


def test_the_axis_of_the_figure_holds_zero_and_every_end():
    from privaudit.reports.page.comparison import _axis

    for difference, half in ((0.3, 0.05), (-0.3, 0.05), (0.001, 0.002), (12.0, 4.0)):
        change = a_change(difference=difference, half=half)
        axis = _axis([change], "label")
        assert axis.low < 0 < axis.high
        assert axis.low <= change.difference.low
        assert axis.high >= change.difference.high
        assert 0.0 in axis.ticks
        assert len(axis.ticks) <= 10


def test_exposures_have_a_figure_of_their_own_with_a_line_per_canary():
    changes = [
        a_change(attack, "exposure", old=4.0, difference=3.0, half=0.0, canary="c1")
        for attack in ("beam", "enumerate")
    ]
    result = a_result(*changes)
    (figure,) = blocks(result, Figure)
    assert figure.data.rows == (("c1", "+3.0"),)
    (line,) = lines(result.comparison)
    assert (line.attack, line.metric, line.difference) == ("beam, enumerate on c1", "exposure, bits", "+3.0")


def test_attacks_on_one_canary_that_differ_keep_their_lines():
    rows = (
        a_change("beam", "exposure", difference=1.0, canary="c1"),
        a_change("enumerate", "exposure", difference=2.0, canary="c1"),
    )
    assert len(lines(a_result(*rows).comparison)) == 2


def test_what_could_not_be_compared_says_why_once(three):
    assert list(not_compared(three.comparison)) == ["Not compared: TPR at 0.01 % FPR of rare: too few."]
    many = a_result(*(a_change(f"a{i}", "tpr@0.0001", reason="too few") for i in range(9)))
    assert list(not_compared(many.comparison)) == ["Not compared: TPR at 0.01 % FPR of 9 attacks: too few."]
    assert "too few" in printed(three)
    assert any("too few" in item for listing in blocks(three, Listing) for item in listing.items)


def test_attacks_of_one_result_alone_are_said():
    result = a_result(
        a_change("gone", reason="not in this result"), a_change(), only_old=("gone",), only_new=("fresh",)
    )
    text = printed(result)
    assert "Only in the baseline: gone." in text
    assert "Only in this result: fresh." in text
    assert "Not compared" not in text
    assert [block.text.split(":")[0] for block in blocks(result, Sentence) if block.tone == "warning"] == [
        "Only in the baseline",
        "Only in this result",
    ]


def test_the_baseline_is_named_with_its_digest_its_date_and_its_verdict():
    for status, words in (("pass", "it passed"), ("fail", "it failed its own limits")):
        text = printed(a_result(a_change(), baseline_status=status))
        assert "old.pt (digest 0123456789ab), audited 2026-01-01" in text
        assert words in text
    assert "the same model" in printed(a_result(a_change(), same_model=True))


def test_notes_are_passed_on():
    result = a_result(a_change(), notes=("The seed: 1, in the baseline 0.",))
    assert "Note: The seed: 1, in the baseline 0." in printed(result)
    assert "The seed: 1, in the baseline 0." in blocks(result, Listing)[0].items


def test_bounds_on_epsilon_are_shown_without_a_difference_of_estimates():
    open_end = Interval(value=3.0, low=3.0, high=math.inf)
    unknown = Interval(value=None, low=-math.inf, high=math.inf, reason="bounds, not estimates")
    change = Change(
        attack="steinke",
        metric="epsilon",
        old=open_end,
        new=open_end,
        difference=unknown,
        direction="undecided",
    )
    (table,) = blocks(a_result(change), Table)
    assert table.rows[0][2:5] == ("at least 3.00", "at least 3.00", "not bounded")
    assert not blocks(a_result(change), Figure)


def test_a_difference_that_rounds_to_nothing_has_no_sign():
    for tiny in (0.0001, -0.0001):
        (line,) = lines(a_result(a_change(difference=tiny, half=0.0)).comparison)
        assert line.difference == "0.000"


def test_hostile_names_stay_inert_and_on_one_line():
    result = a_result(
        a_change("loss", "exposure", difference=2.0, canary=HOSTILE),
        a_change(HOSTILE, reason=HOSTILE),
        only_old=(HOSTILE,),
        only_new=(HOSTILE,),
        notes=(HOSTILE,),
        baseline_model=HOSTILE,
        baseline_created=HOSTILE,
        baseline_digest=HOSTILE,
    )
    section = section_of(result)
    for text in (str(section), printed(result)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    figure = next(block for block in section.blocks if isinstance(block, Figure))
    assert "<script" not in figure.chart
    ElementTree.fromstring(figure.chart)
    texts = [block.text for block in section.blocks if isinstance(block, Sentence)]
    assert all("\n" not in text for text in texts)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_terminal(three, width):
    text = printed(three, width)
    assert max(map(len, text.splitlines())) <= width
    assert "+0.100 [+0.040, +0.160]" in text


def test_a_terminal_shows_what_changed_and_the_aucs_and_counts_the_rest():
    rows = [a_change(f"a{i}", metric="tpr@0.1", difference=0.01) for i in range(30)]
    text = printed(a_result(a_change("loss", difference=0.01), *rows))
    assert "30 more numbers" in text
    assert "loss" in text


def test_many_numbers_are_cut_on_the_page_and_counted():
    rows = [a_change(f"a{i}", metric="tpr@0.1", difference=0.01) for i in range(100)]
    section = section_of(a_result(*rows))
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert len(table.rows) == 80
    assert any("20 more numbers" in b.text for b in section.blocks if isinstance(b, Sentence))


def test_the_section_stands_right_after_the_limits(three):
    ids = [section.id for section in document_of(three).sections]
    assert ids.index("comparison") == ids.index("limits") + 1
