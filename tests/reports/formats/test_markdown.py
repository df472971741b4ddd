"""The step summary: its order, its size, and what it leaves out."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from privaudit.reports.document import Document, Listing, Section, Sentence, Table
from privaudit.reports.formats.markdown import MOST_BYTES, escaped, markdown, markdown_page
from privaudit.reports.page import document_of


def parsed(text):
    return MarkdownIt("commonmark").enable("table").parse(text)


def headings(text):
    tokens = parsed(text)
    return [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]


def left_out(text):
    line = text.splitlines()[-1]
    return line.partition("Left out to keep this summary short: ")[2].partition(". The HTML")[0]


def test_it_reads_in_the_order_of_the_page_and_names_what_is_missing(specimen):
    result = specimen("membership-fail")
    document, text = document_of(result), markdown(result)
    title, *shown = headings(text)
    assert title == document.title
    assert shown == [section.title for section in document.sections if not section.folded]
    assert left_out(text) == ", ".join(
        [section.title for section in document.sections if section.folded] + ["the charts"]
    )


def test_the_verdict_stands_first_and_every_limit_in_a_table(specimen):
    result = specimen("membership-fail")
    text = markdown(result)
    assert text.splitlines()[2].startswith("**❌ FAIL** The model reveals more")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for item in result.verdict.thresholds:
        assert any(line.startswith(f"| {escaped(item.expression)}") for line in rows)


def test_every_number_of_the_attack_table_is_there(specimen):
    result = specimen("membership-fail")
    text = markdown(result).replace("\\", "")
    for row in result.membership:
        assert f"{row.auc.value:.3f} [{row.auc.low:.3f}, {row.auc.high:.3f}]" in text


@pytest.mark.parametrize("most", [3_000, 4_500, 6_000, 9_000])
def test_sections_that_do_not_fit_are_left_out_whole_and_named(specimen, most):
    result = specimen("membership-fail")
    document, text = document_of(result), markdown(result, most)
    assert len(text.encode()) <= most
    shown, missing = headings(text)[1:], left_out(text)
    assert missing
    for section in document.sections:
        assert (section.title in shown) != (section.title in missing), section.title


def test_a_long_table_is_cut_before_its_section_is_left_out():
    rows = tuple((f"row {i}", "x" * 500) for i in range(5_000))
    listing = Listing(tuple(f"item {i}" for i in range(5_000)))
    section = Section("s", "Long", (Table("Caption", ("a", "b"), rows), listing))
    text = markdown_page(a_document(section))
    assert headings(text) == ["Title", "Long"]
    assert "| row 49 |" in text
    assert "| row 50 |" not in text
    assert text.count("*… and 4,950 more in the HTML report*") == 2
    narrow = markdown_page(a_document(section), 10_000)
    assert "| row 9 |" in narrow
    assert "*… and 4,990 more in the HTML report*" in narrow


def a_document(*sections, text="A sentence."):
    return Document("Title", "pass", text, text, text, sections, "")


_TEXT = st.text(max_size=30) | st.sampled_from(["<&" * 900, "x" * 2_000, "\U0001f600" * 700, "|" * 5_000])
_TABLES = st.integers(1, 5).flatmap(
    lambda n: st.builds(
        Table, _TEXT, st.tuples(*[_TEXT] * n), st.lists(st.tuples(*[_TEXT] * n), max_size=80).map(tuple)
    )
)
_BLOCKS = st.builds(Sentence, _TEXT) | st.builds(Listing, st.lists(_TEXT, max_size=60).map(tuple)) | _TABLES
_SECTIONS = st.builds(Section, st.just("s"), st.just("Title"), st.lists(_BLOCKS, max_size=4).map(tuple))


@settings(max_examples=15, deadline=None)
@given(st.lists(_SECTIONS, max_size=8), _TEXT)
def test_no_document_makes_it_longer_than_is_shown(sections, text):
    summary = markdown_page(a_document(*sections, text=text))
    assert len(summary.encode("utf-8", "strict")) <= MOST_BYTES
    shown = len(headings(summary)) - 1
    assert shown == len(sections) or "Left out" in summary


def test_every_row_of_a_table_has_its_cells():
    hostile = ("a|b", "c\\|d", "e\\", "`f|g`", "h\n| i | j |")
    table = Table("Caption", hostile, (hostile, hostile[::-1]))
    tokens = parsed(markdown_page(a_document(Section("s", "Table", (table,)))))
    kinds = [token.type for token in tokens]
    assert (kinds.count("th_open"), kinds.count("td_open"), kinds.count("tr_open")) == (5, 10, 3)
    cells = [
        "".join(child.content for child in tokens[i + 1].children)
        for i, kind in enumerate(kinds)
        if kind in ("th_open", "td_open")
    ]
    plain = ["a|b", "c\\|d", "e\\", "`f|g`", "h\\n| i | j |"]
    assert cells == [*plain, *plain, *plain[::-1]]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("loss:tpr@0.01>0.05", "loss:tpr@0.01&gt;0.05"),
        ("0.922 [0.910, 0.932]", "0.922 \\[0.910, 0.932\\]"),
        ("dp:8: epsilon 8", "dp:8: epsilon 8"),
        ("2.5 % of records", "2.5 % of records"),
        ("(both sides), n/m; +3 - 2 = 1", "(both sides), n/m; +3 - 2 = 1"),
        ("+0.395", "+0.395"),
        ("-0.004", "-0.004"),
    ],
)
def test_what_reports_say_themselves_stays_readable_as_plain_text(text, written):
    assert escaped(text) == written


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("http://e.com", "http:<!-- -->//e.com"),
        ("WWW.e.com", "WWW<!-- -->.e.com"),
        ("a@e.com", "a@<!-- -->e.com"),
        ("@someone", "@<!-- -->someone"),
        ("@0.5", "@<!-- -->0.5"),
        ("x@1.com", "x@<!-- -->1.com"),
        ("#12", "\\#<!-- -->12"),
        ("o/r#12", "o/r#<!-- -->12"),
        (":smile:", ":<!-- -->smile:"),
        ("$x$", "\\$<!-- -->x\\$<!-- -->"),
    ],
)
def test_what_github_would_make_links_of_is_taken_apart(text, apart):
    assert escaped(text) == apart


def test_it_has_no_markup_but_its_own(specimen):
    tokens = parsed(markdown(specimen("membership-fail")))
    kinds = {child.type for token in tokens if token.type == "inline" for child in token.children}
    assert kinds <= {
        "text",
        "text_special",
        "strong_open",
        "strong_close",
        "em_open",
        "em_close",
        "html_inline",
    }
    assert not [token for token in tokens if token.type in ("html_block", "fence", "code_block")]
    assert re.search(r"^\| :-- \|", markdown(specimen("membership-fail")), re.MULTILINE)
