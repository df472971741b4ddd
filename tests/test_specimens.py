"""The specimens under reports/ are what their script makes of their results, and every kind is there."""

import getpass
import importlib.util
import re
import socket
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "reports"
SCRIPT = ROOT / "fixtures" / "make_specimens.py"
BESIDES = {".gitattributes", "README.md"}
TOLERANCE = 0.02
"""Of an AUC that another kind of processor measures."""


def _loaded():
    spec = importlib.util.spec_from_file_location("make_specimens", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    # NOTE: dataclasses look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


specimens = _loaded()
NAMES = [specimen.name for specimen in specimens.SPECIMENS]


def files():
    return {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}


def test_the_folder_holds_every_specimen_and_nothing_else():
    expected = {f"{specimen.name}/{kind}" for specimen in specimens.SPECIMENS for kind in specimen.kinds}
    trend = {f"{specimens.TREND}/{kind}" for kind in specimens.TREND_KINDS}
    assert files().keys() == expected | trend | BESIDES


def test_every_kind_of_report_is_there_for_every_verdict():
    from privaudit.reports.formats.by_suffix import renderers

    whole = [specimen for specimen in specimens.SPECIMENS if specimen.kinds == specimens.EVERY_KIND]
    statuses = [specimens.read_result(FOLDER / item.name / "result.json").verdict.status for item in whole]
    assert sorted(statuses) == ["fail", "inconclusive", "pass"]
    assert all(item.name == f"membership-{status}" for item, status in zip(whole, statuses, strict=True))
    for suffix in renderers("pyproject.toml"):
        assert any(kind.endswith(suffix) for kind in specimens.EVERY_KIND), suffix
    assert len(specimens.EVERY_KIND) == len(renderers("pyproject.toml")) + 1  # and the terminal


@pytest.mark.parametrize("specimen", specimens.SPECIMENS, ids=NAMES)
def test_a_specimen_is_rendered_from_its_result_byte_for_byte(specimen):
    result = specimens.read_result(FOLDER / specimen.name / "result.json")
    for kind, text in specimens.rendered(result, specimen.kinds):
        stored = (FOLDER / specimen.name / kind).read_bytes()
        assert text.encode() == stored, f"{specimen.name}/{kind}: run python fixtures/make_specimens.py"


def test_the_trend_is_rendered_from_the_results_byte_for_byte():
    for kind, text in specimens.rendered_trend(specimens.of_one_model(FOLDER)):
        stored = (FOLDER / specimens.TREND / kind).read_bytes()
        assert text.encode() == stored, f"{kind}: run python fixtures/make_specimens.py"


@pytest.mark.parametrize(
    "specimen", [item for item in specimens.SPECIMENS if item.judged], ids=lambda item: item.name
)
def test_the_policy_still_says_what_the_specimen_says(specimen):
    stored = specimens.read_result(FOLDER / specimen.name / "result.json")
    assert specimens.judged_again(specimen, FOLDER) == stored


def test_between_them_the_specimens_show_every_outcome_of_a_threshold():
    results = [specimens.read_result(FOLDER / name / "result.json") for name in NAMES]
    items = [item for result in results for item in result.verdict.thresholds]
    assert {item.result for item in items} == {"exceeded", "holds", "inconclusive"}
    assert any(item.waiver for item in items)
    assert any(item.slice for item in items)
    assert any(item.advice for item in items)
    assert {item.against for item in items} == {"limit", "baseline"}
    assert any(result.comparison for result in results)
    assert any(result.claim for result in results if result.membership)


def test_no_machine_and_no_person_is_named():
    machine = re.compile(rb"/(tmp|home|root|work|Users|usr|opt|var|private)/|\\\\Users\\\\")
    names = {socket.gethostname(), getpass.getuser()} - {"root", "localhost"}
    for name, path in files().items():
        content = path.read_bytes()
        assert not machine.search(content), name
        assert not any(re.search(rf"\b{re.escape(one)}\b".encode(), content) for one in names), name


def test_the_specimens_show_no_secret_and_no_text():
    for name in NAMES:
        result = specimens.read_result(FOLDER / name / "result.json")
        assert all(item.secret is None for item in result.extraction)
        assert all(record.text is None for record in result.records)


def test_they_are_small():
    assert sum(path.stat().st_size for path in files().values()) <= 1_500_000


def test_the_readme_names_every_specimen_and_links_to_what_is_there():
    text = (FOLDER / "README.md").read_text("utf-8")
    links = set(re.findall(r"\]\(([^)#:]+)\)", text))
    assert {f"{name}/report.html" for name in (*NAMES, specimens.TREND)} <= links
    assert all((FOLDER / link).exists() for link in links)


@pytest.mark.slow
def test_the_audit_of_the_demonstration_gives_the_numbers_of_its_specimen():
    specimen = next(item for item in specimens.SPECIMENS if item.name == "membership-fail")
    stored = specimens.read_result(FOLDER / specimen.name / "result.json")
    again = specimens.measured(specimen)
    assert again.model == stored.model.model_copy(
        update={
            "accuracy_members": again.model.accuracy_members,
            "accuracy_nonmembers": again.model.accuracy_nonmembers,
        }
    )
    assert [item.attack for item in again.membership] == [item.attack for item in stored.membership]
    for one, other in zip(again.membership, stored.membership, strict=True):
        for end in ("value", "low", "high", "low_simultaneous"):
            assert getattr(one.auc, end) == pytest.approx(getattr(other.auc, end), abs=TOLERANCE)
    fresh = specimens.judged(again, specimens.read_result(FOLDER / specimen.baseline / "result.json"))
    assert fresh.verdict.status == stored.verdict.status == "fail"
