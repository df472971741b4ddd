"""Reports as files: what is in them, what cannot be in them, and that foreign text stays text."""

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

from privaudit.attacks.subject import Inputs
from privaudit.audit import MembershipRequest, plan_membership, run_membership
from privaudit.errors import UsageError
from privaudit.reports.badge import badge
from privaudit.reports.html import html
from privaudit.reports.interface import renderer, renderers
from privaudit.reports.junit import junit
from privaudit.reports.markdown import markdown
from privaudit.reports.sarif import sarif
from privaudit.results import ExposedRecord, NotRun, ThresholdResult, read_result, to_json

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "| a | b |\n# heading\n[x](javascript:alert(1))",
    "\x1b[31mred\x1b[0m\x00\x08",
    "\u202etxt.exe\u2066",
    "\ud800 lone surrogate",
]
VOID = {"meta", "br", "hr", "img", "input", "link"}


@pytest.fixture(scope="module")
def result():
    model = Path(__file__).parents[2] / "fixtures" / "demo" / "model.pt"
    thresholds = ("auc>0.6", "loss:auc>0.999", "tpr@0.001>0.1")
    request = MembershipRequest(Inputs(model), fail_if=thresholds, attacks=("loss", "vocabulary"))
    return run_membership(plan_membership(request)).result


def hostile(result, text):
    """The result with foreign text wherever a model, data or file name can put some."""
    exposed = ExposedRecord(id=text, attack="loss", score=1.0, fpr=0.01, odds=9.0, text=text)
    exceeded = ThresholdResult(
        expression="auc>0.6", bound="loss low", value=0.7, limit=0.6, result="exceeded", reason=text
    )
    return result.model_copy(
        update={
            "model": result.model.model_copy(update={"path": text, "labels": (text, "b")}),
            "slices": tuple(part.model_copy(update={"value": text}) for part in result.slices),
            "records": (exposed,),
            "not_run": (NotRun(attack=text, reason=text),),
            "warnings": (text,),
            "verdict": result.verdict.model_copy(update={"sentence": text, "thresholds": (exceeded,)}),
        }
    )


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


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_stays_text(result, text):
    changed = hostile(result, text)
    clean = Page(html(result.model_copy(update={"records": ()})))
    page = Page(html(changed).encode("utf-8", "replace").decode())
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in clean.elements} | {"strong"}
    assert not [name for _, a in page.elements for name in a if name.startswith("on")]
    for rendered in (
        html(changed),
        markdown(changed),
        junit(changed),
        sarif(changed, "a.toml"),
        badge(changed),
    ):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", rendered)
    summary = markdown(changed)
    assert "<script" not in summary
    assert "<img" not in summary
    assert "](javascript" not in summary
    ElementTree.fromstring(junit(changed).encode("utf-8", "replace"))
    json.loads(sarif(changed, "a.toml"))


def test_texts_are_stamped_on_the_page(result):
    assert "Treat it as confidential" not in html(result)
    assert "training texts. Treat it as confidential" in html(hostile(result, "x"))


def test_the_summary_keeps_its_size_and_names_what_it_left_out(result):
    assert "Left out" in markdown(result)  # provenance, which is folded
    short = markdown(result, most_bytes=4_000)
    assert len(short.encode()) < 4_000
    assert "Membership inference: every attack" in short.partition("Left out")[2]
    assert short.startswith("# Privacy audit of ")


def test_a_pipeline_counts_thresholds_as_tests(result):
    suites = ElementTree.fromstring(junit(result))
    assert suites.attrib["tests"] == "3"
    assert (suites.attrib["failures"], suites.attrib["errors"], suites.attrib["skipped"]) == ("1", "1", "0")
    names = [case.attrib["name"] for case in suites.iter("testcase")]
    assert names == [item.expression for item in result.verdict.thresholds]
    waived = result.verdict.thresholds[0].model_copy(update={"waiver": "known until June"})
    verdict = result.verdict.model_copy(update={"thresholds": (waived,)})
    again = ElementTree.fromstring(junit(result.model_copy(update={"verdict": verdict})))
    assert (again.attrib["failures"], again.attrib["skipped"]) == ("0", "1")


def test_findings_have_what_code_scanning_asks_for_and_keep_their_fingerprint(result):
    (run,) = json.loads(sarif(result, "pyproject.toml"))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert [finding["level"] for finding in run["results"]] == ["error", "warning"]
    for finding in run["results"]:
        rule = rules[finding["ruleId"]]
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        region = finding["locations"][0]["physicalLocation"]["region"]
        assert set(region) == {"startLine", "startColumn", "endLine", "endColumn"}
    worse = result.verdict.thresholds[0].model_copy(update={"value": 0.99, "reason": "worse"})
    verdict = result.verdict.model_copy(update={"thresholds": (worse, *result.verdict.thresholds[1:])})
    (after,) = json.loads(sarif(result.model_copy(update={"verdict": verdict}), "pyproject.toml"))["runs"]
    keys = [[f["partialFingerprints"] for f in r["results"]] for r in (run, after)]
    assert keys[0] == keys[1]
    assert run["results"][0]["message"] != after["results"][0]["message"]


def test_the_badge_says_what_decided(result):
    content = json.loads(badge(result))
    assert content["schemaVersion"] == 1
    assert content["color"] == "red"
    assert content["message"].startswith("leaks, auc ≥ 0.")
    assert result.created[:7] in content["message"]


def test_the_name_of_the_file_says_what_is_written(result, tmp_path):
    for suffix in renderers("a.toml"):
        assert renderer(tmp_path / f"r{suffix}", "a.toml")(result)
    path = tmp_path / "r.json"
    path.write_text(renderer(path, "a.toml")(result))
    assert to_json(read_result(path)) == to_json(result)
    with pytest.raises(UsageError, match=r"an output named \.html, \.md"):
        renderer(tmp_path / "r.pdf", "a.toml")
