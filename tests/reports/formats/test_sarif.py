"""SARIF, read back by an independent model of the format, and by GitHub's list of what it needs."""

import json
import re
from itertools import chain

import pytest
from pydantic import BaseModel, ValidationError
from sarif_pydantic import Sarif

from privaudit.errors import UsageError
from privaudit.reports.formats.sarif import sarif
from privaudit.reports.formats.sarif_rules import rule
from privaudit.results import NotRun

METRICS = ("auc", "tpr@0.01", "advantage", "exposure", "extracted", "epsilon")


def log_of(result, location="pyproject.toml"):
    """The log as an independent reader understands it, down to the last key."""
    text = sarif(result, location)
    log = Sarif.model_validate_json(text)
    # NOTE: a key of runs in 3.14.17 of the specification, which this reader does not know.
    assert unknown_keys(log) == ["columnKind"]
    github(json.loads(text))
    return json.loads(text)["runs"][0]


def unknown_keys(part):
    """Keys that the format does not have: the reader keeps them aside instead of refusing them."""
    if isinstance(part, BaseModel):
        below = chain.from_iterable(unknown_keys(getattr(part, name)) for name in type(part).model_fields)
        return [*(part.model_extra or ()), *below]
    if isinstance(part, list):
        return [key for item in part for key in unknown_keys(item)]
    return []


def github(log):
    """What GitHub's code scanning requires, and the limits that it keeps."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "privaudit"
    assert len({each["id"] for each in rules}) == len(rules) <= 25_000
    for each in rules:
        assert each["shortDescription"]["text"]
        assert 0 < len(each["fullDescription"]["text"]) <= 1024
        assert each["help"]["text"]
        assert 0 < float(each["properties"]["security-severity"]) <= 10
        assert isinstance(each["properties"]["security-severity"], str)
        assert "security" in each["properties"]["tags"]
        assert len(each["properties"]["tags"]) <= 20
    assert len(run["results"]) <= 5_000
    for each in run["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
        assert each["level"] in ("error", "warning", "note")
        assert 0 < len(each["message"]["text"]) < 1_000
        (location,) = each["locations"]
        region = location["physicalLocation"]["region"]
        assert 1 <= region["startLine"] == region["endLine"]
        assert 1 == region["startColumn"] < region["endColumn"]
        assert re.fullmatch(r"[0-9a-f]{32}:1", each["partialFingerprints"]["primaryLocationLineHash"])
    keys = [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]]
    assert len(set(keys)) == len(keys)


def found(run):
    return [(each["ruleId"], each["level"]) for each in run["results"]]


def keys(run):
    return {each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]}


@pytest.mark.parametrize(
    "damage",
    [
        lambda log: log.pop("runs"),
        lambda log: log["runs"][0]["tool"].pop("driver"),
        lambda log: log["runs"][0]["results"][0].pop("message"),
        lambda log: log["runs"][0]["results"][0].update(level="fatal"),
        lambda log: log["runs"][0]["tool"]["driver"]["rules"][0].pop("id"),
        lambda log: log["runs"][0]["results"][0]["locations"][0].update(physicalLocation="here"),
        lambda log: log["runs"][0]["results"][0]["partialFingerprints"].update(x=1),
    ],
)
def test_the_reader_refuses_a_damaged_log(specimen, judged, damage):
    log = json.loads(sarif(judged(specimen("membership-pass"), [{}], "fail"), "pyproject.toml"))
    Sarif.model_validate(log)
    damage(log)
    with pytest.raises(ValidationError):
        Sarif.model_validate(log)


def test_the_reader_tells_keys_that_the_format_does_not_have(specimen, judged):
    log = json.loads(sarif(judged(specimen("membership-pass"), [{}], "fail"), "pyproject.toml"))
    log["runs"][0]["results"][0]["ruleld"] = "auc"
    assert unknown_keys(Sarif.model_validate(log)) == ["columnKind", "ruleld"]


def test_exceeded_and_undecided_limits_are_findings_held_and_waived_ones_are_not(specimen, judged):
    limits = [
        {},
        {"expression": "tpr@0.01>0.1", "result": "holds"},
        {"expression": "advantage>0.1", "result": "inconclusive", "advice": "Give 200 more records."},
        {"expression": "loss:auc>0.5", "waiver": "Accepted up to 0.8 until 2027-01-01 by Ann: known"},
    ]
    run = log_of(judged(specimen("membership-pass"), limits, "fail"))
    assert found(run) == [("auc", "error"), ("undecided", "warning")]
    assert run["results"][1]["message"]["text"].endswith("Give 200 more records.")
    assert "Ann" not in json.dumps(run)
    assert "suppressions" not in json.dumps(run)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("where", [{}, {"slice": "class=loan"}, {"against": "baseline"}])
def test_every_metric_has_a_rule_of_its_own_for_slices_and_increases_too(specimen, judged, metric, where):
    run = log_of(judged(specimen("membership-pass"), [{"expression": f"{metric}>0.1", **where}], "fail"))
    suffix = {"slice": "-slice", "against": "-increase"}.get(next(iter(where), ""), "")
    (name,) = (each["id"] for each in run["tool"]["driver"]["rules"])
    assert name == metric.partition("@")[0] + suffix
    assert (
        rule(name)["shortDescription"] != rule(name.removesuffix(suffix or "none"))["shortDescription"]
        or not suffix
    )


def test_a_refuted_claim_is_a_finding_without_any_limit(specimen):
    result = specimen("epsilon-violated")
    run = log_of(result)
    assert ("claim", "error") in found(run)
    assert not result.verdict.thresholds


def test_sets_that_differ_are_a_finding_and_leave_no_error(specimen, judged):
    result = judged(specimen("membership-pass"), [{}], "inconclusive")
    baseline = result.data.blind_baseline.model_copy(update={"gates": True, "comparable": False})
    result = result.model_copy(update={"data": result.data.model_copy(update={"blind_baseline": baseline})})
    assert found(log_of(result)) == [("undecided", "warning"), ("sets", "warning")]


def test_an_attack_that_did_not_finish_is_a_finding(specimen, judged):
    left = (NotRun(attack="rmia", reason="Time was up."),)
    result = judged(specimen("membership-pass"), [], "inconclusive").model_copy(update={"not_run": left})
    assert found(log_of(result)) == [("not-run", "warning")]


def test_what_was_asked_to_pass_is_a_note(specimen, judged):
    limits = [{"result": "inconclusive"}]
    result = judged(specimen("membership-pass"), limits, "inconclusive", on_inconclusive="pass")
    assert found(log_of(result)) == [("undecided", "note")]


def test_a_pass_and_an_unjudged_result_have_no_finding(specimen, judged):
    held = judged(specimen("membership-pass"), [{"result": "holds"}], "pass")
    for result in (held, judged(held, [], "not-judged")):
        run = log_of(result)
        assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_fingerprints_stay_when_scores_move_and_limits_change_places(specimen, judged):
    base = specimen("membership-pass")
    limits = [{"expression": f"{attack}:auc>0.6"} for attack in ("loss", "rmia")]
    worse = [{**limit, "value": 0.99, "reason": "now at least 0.99"} for limit in reversed(limits)]
    before, after = log_of(judged(base, limits, "fail")), log_of(judged(base, worse, "fail"))
    assert keys(before) == keys(after)
    elsewhere = base.model_copy(update={"created": "2027-01-01T00:00:00+00:00", "tool": base.tool})
    assert keys(log_of(judged(elsewhere, limits, "fail"))) == keys(before)


def test_fingerprints_differ_by_model_data_attack_slice_and_kind_of_limit(specimen, judged):
    base = specimen("membership-pass")
    another_model = base.model_copy(update={"model": base.model.model_copy(update={"path": "b/model.pt"})})
    other_data = base.model_copy(update={"data": base.data.model_copy(update={"source": "files"})})
    variants = [
        judged(base, [{}], "fail"),
        judged(another_model, [{}], "fail"),
        judged(other_data, [{}], "fail"),
        judged(base, [{"expression": "loss:auc>0.6"}], "fail"),
        judged(base, [{"slice": "class=loan"}], "fail"),
        judged(base, [{"against": "baseline"}], "fail"),
        judged(base, [{"result": "inconclusive"}], "inconclusive"),
    ]
    every = [keys(log_of(result)) for result in variants]
    assert len(set().union(*every)) == len(variants)


def test_the_workspace_of_a_machine_is_no_part_of_a_fingerprint(specimen, judged):
    base = judged(specimen("membership-pass"), [{}], "fail")
    runs = [
        log_of(base.model_copy(update={"model": base.model.model_copy(update={"path": path})}))
        for path in ("/home/runner/work/m.pt", "/builds/group/m.pt", "C:\\agent\\m.pt", "m.pt", "./m.pt")
    ]
    assert len({frozenset(keys(run)) for run in runs}) == 1
    assert {run["automationDetails"]["id"] for run in runs} == {"privaudit/mia/m.pt/"}


def test_commands_and_models_upload_side_by_side(specimen):
    """GitHub takes the id up to its last slash for a category, and an upload replaces its own category."""
    categories = {
        log_of(specimen(name))["automationDetails"]["id"].rpartition("/")[0]
        for name in ("membership-pass", "extraction-fail", "epsilon-violated", "sweep-epsilon")
    }
    assert len(categories) == 4


def test_a_finding_points_at_the_line_of_its_limit(specimen, judged, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gate.toml").write_text(
        '[gate]\nfail-if = ["auc>0.8", "loss:auc>0.6"]\nmax-increase = ["auc>0.8"]\n\n'
        '[[gate.slices]]\nslice = "class=card"\nfail-if = "auc>0.8"\n\n'
        '[[gate.slices]]\nfail-if = "auc>0.8"\nslice = "class=loan"\n'
    )
    limits = [
        {"expression": "auc>0.8"},
        {"expression": "loss:auc>0.6"},
        {"expression": "auc>0.8", "against": "baseline"},
        {"expression": "auc>0.8", "slice": "class=card"},
        {"expression": "auc>0.8", "slice": "class=loan"},
        {"expression": "tpr@0.01>0.1"},
    ]
    run = log_of(judged(specimen("membership-pass"), limits, "fail"), "./gate.toml")
    regions = [each["locations"][0]["physicalLocation"]["region"] for each in run["results"]]
    assert [region["startLine"] for region in regions] == [2, 2, 3, 7, 10, 1]
    assert regions[0]["endColumn"] == len('fail-if = ["auc>0.8", "loss:auc>0.6"]') + 1


@pytest.mark.parametrize(
    ("location", "uri"),
    [
        ("pyproject.toml", "pyproject.toml"),
        ("./conf/gate.toml", "conf/gate.toml"),
        ("conf\\gate.toml", "conf/gate.toml"),
        ("a b#c%d?.toml", "a%20b%23c%25d%3F.toml"),
        ("größe.toml", "gr%C3%B6%C3%9Fe.toml"),
    ],
)
def test_the_location_is_a_relative_uri(specimen, judged, location, uri):
    run = log_of(judged(specimen("membership-pass"), [{}], "fail"), location)
    (finding,) = run["results"]
    assert finding["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}


@pytest.mark.parametrize("location", ["/etc/passwd", "../other/gate.toml", "C:/gate.toml", ".", ""])
def test_a_location_outside_of_the_repository_is_refused(specimen, location):
    with pytest.raises(UsageError, match="is not a relative path inside the repository"):
        sarif(specimen("membership-pass"), location)


def test_braces_and_brackets_are_no_placeholders_and_no_links(specimen, judged):
    reason = "{0} [click](http://e.com) back\\slash"
    run = log_of(judged(specimen("membership-pass"), [{"reason": reason}], "fail"))
    assert run["results"][0]["message"]["text"] == ("auc>0.6: {{0}} \\[click\\](http://e.com) back\\\\slash")
