"""Reports as files: which kind a name asks for, what is in a page, and what cannot be in it."""

import os
import re
import stat
from html.parser import HTMLParser

import pytest

from privaudit.errors import ResultError, UsageError
from privaudit.reports.formats.by_suffix import renderer, renderers, write_report
from privaudit.reports.formats.html import html
from privaudit.results import ExposedRecord, read_result, to_json

VOID = {"meta", "br", "hr", "img", "input", "link"}


@pytest.fixture(scope="module")
def result(specimen):
    return specimen("membership-fail")


class Page(HTMLParser):
    """The elements of a page, which must be nested as HTML wants them."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_reads_in_the_order_of_a_reviewer(result):
    page = Page(html(result))
    headings = [tag for tag, _ in page.elements if tag in {"h1", "h2", "h3"}]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1
    text = " ".join(page.words)
    places = [
        text.index(words) for words in ("FAIL", "Do not release", "Limits", "every attack", "Provenance")
    ]
    assert places == sorted(places)
    for row in result.membership:
        assert f"{row.auc.value:.3f} [{row.auc.low:.3f}, {row.auc.high:.3f}]" in text


def test_nothing_on_the_page_runs_or_comes_from_elsewhere(result):
    text = html(result)
    page = Page(text)
    assert not {tag for tag, _ in page.elements} & {
        "script",
        "iframe",
        "object",
        "embed",
        "link",
        "img",
        "form",
    }
    for tag, attributes in page.elements:
        assert not [
            name for name in attributes if name.startswith("on") or name in {"src", "srcset", "style"}
        ]
        assert attributes.get("href", "#").startswith("#"), tag
    assert not re.search(r"url\(|@import|https?:", text)
    policy = [a for tag, a in page.elements if tag == "meta" and a.get("http-equiv")]
    assert policy[0]["content"] == "default-src 'none'; style-src 'self' 'unsafe-inline'"
    assert len(text.encode()) < 300_000


def test_ids_are_unique_and_links_lead_somewhere(result):
    elements = Page(html(result)).elements
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    named = [i for _, a in elements for i in a.get("aria-labelledby", "").split()]
    targets = [a["href"][1:] for tag, a in elements if tag == "a"] + named
    assert set(targets) <= set(ids)
    for tag, attributes in elements:
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or attributes["role"] == "img"


def with_a_text(result, text):
    exposed = ExposedRecord(id="1", attack="loss", score=1.0, fpr=0.01, odds=9.0, text=text)
    return result.model_copy(update={"records": (exposed,)})


def test_texts_are_stamped_on_the_page(result):
    assert "Treat it as confidential" not in html(result)
    assert "training texts. Treat it as confidential" in html(with_a_text(result, "x"))


def test_the_name_of_the_file_says_what_is_written(result, tmp_path):
    for suffix in renderers("a.toml"):
        assert renderer(tmp_path / f"r{suffix}", "a.toml")(result)
    path = tmp_path / "r.json"
    path.write_text(renderer(path, "a.toml")(result))
    assert to_json(read_result(path)) == to_json(result)
    with pytest.raises(
        UsageError, match=r"No report format for r\.pdf\. Use a name that ends in \.html, \.md"
    ):
        renderer(tmp_path / "r.pdf", "a.toml")


@pytest.mark.parametrize(("text", "mode"), [(None, 0o644), ("a text", 0o600)])
def test_what_shows_texts_is_its_owners_alone_in_every_form(result, tmp_path, text, mode):
    shown = with_a_text(result, text)
    for suffix in renderers("a.toml"):
        path = tmp_path / f"r{suffix}"
        write_report(shown, path, renderer(path, "a.toml"))
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_report_is_written_whole_or_not_at_all(result, tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultError, match=r"Cannot write r\.html: No space left on device at "):
        write_report(result, path, html)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
