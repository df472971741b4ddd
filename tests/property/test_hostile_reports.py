"""Whatever text a model, data, a file name or a claim puts into a result, every report takes it for text."""

import io
import json
import re
import types
import typing
import xml.etree.ElementTree as ElementTree
from functools import cache
from html.parser import HTMLParser
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from privaudit.reports.formats.badge import badge
from privaudit.reports.formats.html import html
from privaudit.reports.formats.junit import junit
from privaudit.reports.formats.markdown import MOST_BYTES, escaped, markdown
from privaudit.reports.formats.sarif import sarif
from privaudit.reports.shortened import without_texts
from privaudit.reports.terminal.result import print_result
from privaudit.results import NotRun, Part, read_result, to_json

SPECIMENS = Path(__file__).parents[2] / "reports"
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></svg><svg onload=alert(1)><foreignObject>",
    "]]><!-- --><![CDATA[<x/>",
    "&lt;b&gt; &#x3c;i> &amp;",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "| a | b |\n|---|---|\n# heading\n[x](javascript:alert(1)) ![i](http://e.com/x.png)",
    "[x]: http://e.com\n<http://e.com> http://e.com www.e.com a@e.com @someone #12 :smile: $x^2$",
    "```\ncode\n```\n    code\n***\n- item\n1. item\n> quote\n===",
    "1. item",
    "- item",
    "+ item",
    "====",
    "back\\slash\\|pipe`tick",
    "\x1b[31mred\x1b]8;;http://e.com\x07link\x1b\\\x00\x08\x9b",
    "\u202etxt.exe\u2066\u200f\u2028\u2029\u0085",
    "\ud800 lone \udfff surrogates",
    "\ufdd0\ufffe\uffff\U000e0041\U0010ffff",
    "[bold red]markup[/]",
    "a" * 5_000,
    "<&\u202e" * 150,
]


def hostile(result, text, *, distinct=False):
    """The result with ``text`` in every field that can hold any string, numbered if they shall differ."""
    numbers = count()
    return _replaced(result, lambda: f"{text}{next(numbers)}" if distinct else text)


def _replaced(part, name):
    hints = typing.get_type_hints(type(part), include_extras=True)
    fields = {field: _of_kind(getattr(part, field), hints[field], name) for field in type(part).model_fields}
    return part.model_copy(update=fields)


def _of_kind(value, kind, name):
    """``value`` of the type ``kind`` with its free strings replaced; a string that may be null is there."""
    origin, kinds = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if str in kinds:
            return name()
        return None if value is None else _of_kind(value, kinds[0], name)
    if kind is str:
        return name()
    if isinstance(value, Part):
        return _replaced(value, name)
    if isinstance(value, tuple):
        return tuple(_of_kind(item, kinds[0], name) for item in value)
    if isinstance(value, dict):
        # NOTE: recipes and parameters hold anything; numbers by name stay numbers.
        numbers = typing.get_origin(kinds[1]) is typing.Annotated
        return {name(): item if numbers else name() for item in value.values()}
    return value  # numbers, booleans, and words out of a fixed list


@cache
def everything():
    """A result with all parts, each taken from a real one, and few rows of each."""
    found = {path.parent.name: read_result(path) for path in SPECIMENS.glob("*/result.json")}
    base, sweeps = found["membership-fail"], found["sweep-epsilon"].epsilon_sweep
    secret = {"secret": "1 2 3", "found": "1 2 4"}
    return base.model_copy(
        update={
            "membership": base.membership[:2],
            "slices": base.slices[:3],
            "records": tuple(row.model_copy(update={"text": "a text"}) for row in base.records[:2]),
            "extraction": tuple(
                row.model_copy(update=secret) for row in found["extraction-fail"].extraction[:2]
            ),
            "extraction_summary": found["extraction-fail"].extraction_summary[:1],
            "epsilon": found["epsilon-violated"].epsilon,
            "claim": found["epsilon-violated"].claim,
            "sweep": found["sweep-defences"].sweep,
            "epsilon_sweep": sweeps.model_copy(update={"rows": sweeps.rows[:2]}),
            "not_run": (NotRun(attack="rmia", reason="time", canary="c1"),),
            "warnings": ("one",),
        }
    )


@cache
def plain():
    """The same with a harmless name everywhere."""
    return hostile(everything(), "@name@")


@cache
def harmless(render):
    return render(plain())


def assert_inert(text):
    result = hostile(everything(), text)
    assert_page(html(result), harmless(html))
    assert_summary(markdown(result), harmless(markdown))
    assert_tests(junit(result), harmless(junit))
    assert_findings(sarif(result, "pyproject.toml"))
    assert_badge(badge(result))
    assert_terminal(result)
    assert json.loads(to_json(result)) == result.model_dump(mode="json")
    assert printable(to_json(result))


def printable(text):
    """Whether nothing in it steers a terminal, an eye or a parser, line ends apart."""
    return text.replace("\n", "").isprintable()


class Structure(HTMLParser):
    """The elements of a page with the names of their attributes, in order, and whether a style was closed."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        # NOTE: classes are for the style sheet alone, which lets long words break.
        self.elements.append((tag, *(name for name, _ in attrs if name != "class")))

    def handle_endtag(self, tag):
        self.elements.append(f"/{tag}")

    def handle_comment(self, _):
        self.elements.append("comment")

    def unknown_decl(self, _):
        self.elements.append("declaration")

    def handle_pi(self, _):
        self.elements.append("instruction")


def assert_page(page, expected):
    assert Structure(page).elements == Structure(expected).elements
    assert len(page.encode()) < 300_000
    assert printable(page)


_AUTOMATIC = re.compile(
    r"://|www\.|[\w.+-]+@[\w.-]*\.[\w-]*[a-z]|(?<!\w)@\w|#\w|:[a-z+-][\w+-]*:|\$\S", re.IGNORECASE
)
_BLOCKS = {
    *("heading", "paragraph", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td"),
    "inline",
}


def assert_summary(summary, expected):
    assert len(summary.encode()) <= MOST_BYTES
    assert printable(summary)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    headings = {"Defences side by side"} | set(re.findall(r"^#+ (.*)$", expected, re.MULTILINE))
    tokens = parser.parse(summary)
    for token, after in pairwise(tokens):
        assert token.type.removesuffix("_open").removesuffix("_close") in _BLOCKS, token
        if token.type == "heading_open" and token.tag != "h1":
            assert after.content in headings
        if token.type == "inline":
            assert_no_markup(token.children)
    for table in re.findall(r"(?:^\|.*\n)+", summary, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in table.splitlines()}) == 1


def assert_no_markup(children):
    """Only words, and what GitHub would turn into links later is taken apart."""
    words = ""
    for child in children:
        if child.type == "text":
            words += child.content
            continue
        assert child.type in {"strong_open", "strong_close", "em_open", "em_close", "html_inline"}, child
        assert child.type != "html_inline" or child.content == "<!-- -->"
        assert not _AUTOMATIC.search(words), words
        words = ""
    assert not _AUTOMATIC.search(words), words


def assert_tests(report, expected):
    found, wanted = (
        [(element.tag, *element.attrib) for element in ElementTree.fromstring(text.encode()).iter()]
        for text in (report, expected)
    )
    assert found == wanted
    assert printable(report)
    assert len(report) < 50_000


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (word for pair in value.items() for item in pair for word in strings(item))
    elif isinstance(value, list):
        yield from (word for item in value for word in strings(item))


def assert_findings(log):
    (run,) = json.loads(log)["runs"]
    assert all(word.isprintable() and len(word) < 1_500 for word in strings(run))
    assert run["results"]
    for finding in run["results"]:
        assert finding["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "pyproject.toml"


def assert_badge(text):
    content = json.loads(text)
    assert set(content) == {"schemaVersion", "label", "message", "color"}
    assert content["message"].isprintable()
    assert len(content["message"]) < 110


def terminal(result, width=100):
    stream = io.StringIO()
    print_result(result, Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


def assert_terminal(result):
    shown = terminal(result)
    assert printable(shown)
    assert len(shown) < 100_000


@pytest.mark.parametrize("text", ["[red]x[/]", "[/]", "[@click=x]y", ":smile:", "\\["])
def test_markup_of_the_terminal_is_shown_as_it_is(text):
    wide = 20_000
    assert terminal(hostile(everything(), text), wide).count(text) == terminal(plain(), wide).count("@name@")


@pytest.mark.parametrize("text", PAYLOADS, ids=range(len(PAYLOADS)))
def test_known_payloads_stay_text_in_every_report(text):
    assert_inert(text)


_TEXTS = st.lists(st.sampled_from(PAYLOADS[:-2]) | st.text(min_size=1, max_size=40), min_size=1, max_size=6)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(_TEXTS.map("".join))
def test_any_text_stays_text_in_every_report(text):
    assert_inert(text)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_TEXTS.map("".join))
def test_any_text_stays_text_in_every_report_of_many(text):
    assert_inert(text)


@settings(max_examples=100, deadline=None)
@given(_TEXTS.map("".join))
def test_any_text_is_one_paragraph_one_item_and_one_cell_of_markdown(text):
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    written = escaped(text)
    source = f"{written}\n\n- {written}\n\n| a | b |\n|---|---|\n| {written} | x |\n"
    tokens = parser.parse(source)
    shape = [token.type for token in tokens if token.type != "inline"]
    paragraph = ["paragraph_open", "paragraph_close"] if written else []
    cells = ["td_open", "td_close"] * 2
    assert shape == [
        *paragraph,
        *["bullet_list_open", "list_item_open", *paragraph, "list_item_close", "bullet_list_close"],
        *["table_open", "thead_open", "tr_open", *["th_open", "th_close"] * 2, "tr_close", "thead_close"],
        *["tbody_open", "tr_open", *cells, "tr_close", "tbody_close", "table_close"],
    ]
    inline = [token for token in tokens if token.type == "inline"]
    assert inline[-1].content == "x"
    for token in inline:
        assert_no_markup(token.children)


def test_every_part_of_a_result_is_there():
    """Otherwise the tests above would not notice what a report makes of it."""
    found = everything()
    assert all(getattr(found, name) for name in type(found).model_fields if name != "seed_agreement")
    assert {item.result for item in found.verdict.thresholds} == {"exceeded", "holds", "inconclusive"}
    assert any(item.waiver for item in found.verdict.thresholds)


def test_no_name_is_lost_among_long_ones():
    result = hostile(everything(), "a" * 2_000, distinct=True)
    page = html(result)
    for row in result.membership:
        assert f"{row.attack[-10:]} (2,00" in page


def test_a_label_of_a_megabyte_is_cut_and_its_length_named():
    label = "<b>" * 350_000
    model = plain().model.model_copy(update={"path": label})
    page = html(
        plain().model_copy(update={"model": model, "warnings": (label,), "verdict": everything().verdict})
    )
    assert "(1,050,000 characters)" in page
    assert len(page.encode()) < len(html(plain()).encode()) + 10_000


def test_without_texts_nothing_is_left_of_secrets_and_texts():
    marked = everything().model_copy(
        update={
            "records": tuple(row.model_copy(update={"text": "SECRET"}) for row in everything().records),
            "extraction": tuple(
                row.model_copy(update={"secret": "SECRET", "found": "SECRET"})
                for row in everything().extraction
            ),
        }
    )
    assert "SECRET" in to_json(marked)
    assert "SECRET" not in to_json(without_texts(marked))
