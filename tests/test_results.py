"""``result.json`` survives the round trip, whatever the numbers are."""

import json
import math
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.errors import ResultError
from privaudit.results import (
    SCHEMA_VERSION,
    BlindBaseline,
    Data,
    ExposedRecord,
    Extraction,
    ExtractionSummary,
    Interval,
    Model,
    Provenance,
    Result,
    Tool,
    Verdict,
    claim_from,
    json_schema,
    read_result,
    to_json,
    write_result,
)


def make_result(**changes):
    nothing = Interval(value=None, low=None, high=None, reason="no texts")
    parts = {
        "tool": Tool(version="0"),
        "created": "2026-01-01T00:00:00+00:00",
        "command": "mia",
        "model": Model(
            path="m", format="bundle", architecture="bow", loader="l", files=(), digest="d", access="weights"
        ),
        "data": Data(
            source="files",
            n_members=2,
            n_nonmembers=2,
            blind_baseline=BlindBaseline(auc=nothing, comparable=None),
        ),
        "verdict": Verdict(status="not-judged", sentence="s"),
        "provenance": Provenance(argv=(), seed=0, python="3", platform="p", versions={}, seconds=1.0),
    }
    return Result(**{**parts, **changes})


def make_extraction(**changes):
    parts = {
        "canary": "pin-1",
        "attack": "enumerate",
        "objective": "margin",
        "label": "RateBook",
        "repetitions": 100,
        "included": True,
        "secret_length": 4,
        "candidates": 10**10,
        "exact_match": False,
        "hamming": 1,
        "rank": 3,
        "exposure_bits": Interval(value=11.7, low=11.7, high=11.7),
        "p_value": 3e-4,
        "evaluations": 10_000,
        "seconds": 0.5,
    }
    return Extraction(**{**parts, **changes})


@given(st.floats(allow_nan=False))
def test_every_number_survives_json(number):
    result = make_result(claim=claim_from(epsilon=number))
    text = to_json(result)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert Result.model_validate_json(text) == result


def test_infinity_is_the_string_inf():
    assert json.loads(to_json(make_result(claim=claim_from(epsilon=math.inf))))["claim"]["epsilon"] == "inf"


def test_nan_cannot_be_stored():
    with pytest.raises(ValueError, match="null with a reason"):
        Interval(value=math.nan, low=0.0, high=1.0)


def test_write_then_read_gives_the_same_result(tmp_path):
    path = tmp_path / "r.json"
    write_result(make_result(), path)
    assert read_result(path) == make_result()
    assert list(tmp_path.iterdir()) == [path]


def test_texts_and_secrets_are_for_their_owner_alone(tmp_path):
    record = ExposedRecord(id="a", attack="loss", score=1.0, fpr=0.1, odds=9.0, text="a text")
    for changes, mode in (
        ({}, 0o644),
        ({"records": (record.model_copy(update={"text": None}),)}, 0o644),
        ({"records": (record,)}, 0o600),
        ({"extraction": (make_extraction(secret="1 2 3 4"),)}, 0o600),
    ):
        write_result(make_result(**changes), tmp_path / "r.json")
        assert (tmp_path / "r.json").stat().st_mode & 0o777 == mode


def test_a_result_fits_its_own_json_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(json.loads(to_json(make_result(claim=claim_from(epsilon=math.inf)))), json_schema())


def test_the_published_schema_is_the_current_one():
    # To regenerate it: json.dumps(privaudit.results.json_schema(), indent=1).
    published = Path(__file__).parents[1] / "docs" / "result.schema.json"
    assert json.loads(published.read_text()) == json_schema()


def test_design_keys_are_present():
    keys = set(json.loads(to_json(make_result())))
    assert keys >= {
        "schema_version", "tool", "created", "command", "model", "data", "claim", "membership", "extraction",
        "epsilon", "slices", "records", "verdict", "provenance", "warnings",
    }  # fmt: skip


def test_an_extraction_survives_the_round_trip_and_fits_the_schema(tmp_path):
    rows = (make_extraction(), make_extraction(rank=None, p_value=None, reason="cut off", included=False))
    summary = ExtractionSummary(
        attack="enumerate",
        included=True,
        n_canaries=1,
        n_extracted=0,
        exact_match_rate=Interval(value=0.0, low=0.0, high=0.975),
        mean_exposure_bits=Interval(value=11.7, low=None, high=None, reason="one canary"),
    )
    result = make_result(command="extract", extraction=rows, extraction_summary=(summary,))
    write_result(result, tmp_path / "r.json")
    assert read_result(tmp_path / "r.json") == result
    jsonschema.validate(json.loads(to_json(result)), json_schema())


def test_an_extraction_has_the_fixed_keys_and_tells_no_secret():
    keys = make_extraction().model_dump(mode="json")
    assert set(keys) >= {
        "canary", "attack", "objective", "secret_length", "candidates", "exact_match", "hamming", "rank",
        "exposure_bits", "p_value", "control_rank", "evaluations", "seconds",
    }  # fmt: skip
    assert set(keys["exposure_bits"]) >= {"value", "low", "high", "reason"}
    assert (keys["secret"], keys["found"], keys["digest"]) == (None, None, None)


def test_unknown_keys_of_a_later_minor_version_are_ignored(tmp_path):
    content = json.loads(to_json(make_result()))
    content["novelty"] = content["model"]["novelty"] = 1
    (tmp_path / "r.json").write_text(json.dumps(content))
    assert read_result(tmp_path / "r.json") == make_result()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"schema_version": 0}',
        b'{"schema_version": 1}',
        b'{"schema_version": "x"}',
    ],
)
def test_what_is_no_result_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(ResultError) as caught:
        read_result(tmp_path / "r.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"seconds": 1.0', '"seconds": NaN', "provenance.seconds: Input should be a number"),
        ('"seconds": 1.0', '"seconds": "nan"', "provenance.seconds: Input should be a number"),
        ('"recipe": null', '"recipe": {"rate": NaN}', "the number NaN"),
        ('"recipe": null', '"recipe": {"rate": [-Infinity]}', "the number -Infinity"),
        ('"schema_version": 1', '"schema_version": 0', "has schema version 0; the first is 1"),
    ],
)
def test_numbers_that_are_none_are_refused_wherever_they_stand(tmp_path, old, new, words):
    text = to_json(make_result())
    assert old in text
    (tmp_path / "r.json").write_text(text.replace(old, new))
    with pytest.raises(ResultError, match=words):
        read_result(tmp_path / "r.json")


def test_a_text_may_say_nan_and_infinity(tmp_path):
    result = make_result(warnings=("NaN, Infinity",))
    write_result(result, tmp_path / "r.json")
    assert read_result(tmp_path / "r.json") == result


def test_parts_can_be_left_unread(tmp_path):
    whole = make_result(extraction=(make_extraction(),), warnings=("w",))
    write_result(whole, tmp_path / "r.json")
    part = read_result(tmp_path / "r.json", without=("extraction", "sweep", "records"))
    assert isinstance(part, Result)
    assert (part.extraction, part.sweep, part.records) == ((), None, ())
    assert (part.model, part.warnings) == (whole.model, whole.warnings)
    assert read_result(tmp_path / "r.json") == whole


def test_a_later_schema_version_asks_for_an_upgrade(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(ResultError, match="Upgrade"):
        read_result(tmp_path / "r.json")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ResultError):
        write_result(make_result(), tmp_path / "no" / "r.json")
    with pytest.raises(ResultError):
        read_result(Path(tmp_path / "no"))
