"""Every relative link of a page leads to a file that is there, and to a heading that it has."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("attacks", "benchmarks", "docs", "fixtures")
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(page for folder in FOLDERS for page in sorted((ROOT / folder).rglob("*.md"))),
    ROOT / "reports" / "README.md",
]
"""What people wrote. The pages that are rendered below ``reports/`` have no links."""
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def links_of(text):
    """Targets of the links of a page that lead to this repository, without what is code."""
    targets = _LINK.findall(_CODE.sub("", text))
    return [unquote(target) for target in targets if not re.match(r"[a-z][a-z+.-]*:", target)]


def headings_of(text):
    """The anchors that GitHub gives to the headings of a page, in their order."""
    seen: dict[str, int] = {}
    anchors = []
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        anchors.append(f"{anchor}-{seen[anchor]}" if anchor in seen else anchor)
        seen[anchor] = seen.get(anchor, 0) + 1
    return anchors


@cache
def _anchors(path):
    return frozenset(headings_of(path.read_text("utf-8")))


def broken(page, root=ROOT):
    for link in links_of(page.read_text("utf-8")):
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.is_relative_to(root) or not target.exists():
            yield f"{link}: no such file"
        elif anchor and (target.suffix != ".md" or anchor not in _anchors(target)):
            yield f"{link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    assert list(broken(page)) == []


def test_links_and_headings_are_read_as_github_reads_them():
    text = (
        "# The `gate`, again\n[a](b.md#c) `[no](code.md)` [d](https://example.org) [e]( <f%20g.md> )\n"
        "```console\n# no heading [no](fence.md)\n```\n## Limits: [x](y.md)\n## Limits: x\n"
    )
    assert links_of(text) == ["b.md#c", "f g.md", "y.md"]
    assert headings_of(text) == ["the-gate-again", "limits-x", "limits-x-1"]


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Here\n[1](#here) [2](page.md#here) [3](#there) [4](nowhere.md) [5](/usr) [6](.)\n")
    assert list(broken(page, tmp_path)) == [
        "#there: no such heading",
        "nowhere.md: no such file",
        "/usr: no such file",
    ]
