"""What a history keeps of a result, and what it must not keep."""

import hashlib

import pytest

from privaudit.errors import ResultError
from privaudit.history import entry_of
from privaudit.results import ThresholdResult, Verdict, claim_from


def numbers(entry):
    return {(m.attack, m.metric): (m.value, m.low, m.high) for m in entry.measures}


def test_every_number_with_its_interval(make_audit):
    found = numbers(entry_of(make_audit(auc=0.7)))
    assert found["loss", "auc"] == pytest.approx((0.7, 0.65, 0.75))
    assert found["gap", "advantage"] == pytest.approx((0.1, 0.05, 0.15))
    assert found["loss", "tpr@0.01"] == pytest.approx((0.07, 0.035, 0.14))
    assert found["loss", "tpr@0.0001"] == (None, None, None), "not measurable, which is not absent"


def test_of_the_canaries_the_worst_that_was_planted_counts_and_controls_never_do(make_audit):
    found = numbers(entry_of(make_audit()))
    assert found["enumerate", "exposure"] == (12.0, 12.0, 12.0)
    assert found["enumerate", "extracted"] == (1.0, 1.0, 1.0)


def test_no_text_no_secret_no_record(make_audit):
    kept = entry_of(make_audit()).model_dump_json()
    for hidden in ("my private text", "4711", "4712", "record-17"):
        assert hidden not in kept


def test_nothing_that_is_kept_depends_on_a_text_or_a_secret(make_audit):
    """So no digest in the file can be used to try secrets out."""
    result = make_audit()
    other = result.model_copy(
        update={
            "records": tuple(row.model_copy(update={"text": "x", "id": "y"}) for row in result.records),
            "extraction": tuple(
                row.model_copy(update={"secret": "0", "found": "1", "digest": "2"})
                for row in result.extraction
            ),
        }
    )
    assert entry_of(other) == entry_of(result)


def test_time_is_utc_whatever_the_result_says(make_audit):
    assert entry_of(make_audit("2026-03-01T01:30:00+02:00")).created == "2026-02-28T23:30:00+00:00"
    assert entry_of(make_audit("2026-03-01T01:30:00")).created == "2026-03-01T01:30:00+00:00"
    with pytest.raises(ResultError, match="ISO 8601"):
        entry_of(make_audit("yesterday"))


def test_the_same_data_is_the_same_files_taken_the_same_way(make_audit):
    here = entry_of(make_audit()).data_digest
    assert here == entry_of(make_audit("2026-05-05T00:00:00+00:00", auc=0.9)).data_digest
    assert here != entry_of(make_audit(data="cd" * 32)).data_digest
    result = make_audit()
    for changes in ({"n_members": 999}, {"split_seed": 1}, {"source": "membership-column"}):
        other = result.model_copy(update={"data": result.data.model_copy(update=changes)})
        assert here != entry_of(other).data_digest, changes


def test_without_a_file_of_records_the_data_is_unknown(make_audit):
    result = make_audit()
    for changes in ({"files": ()}, {"source": "score-table"}):
        other = result.model_copy(update={"data": result.data.model_copy(update=changes)})
        assert entry_of(other).data_digest is None


def test_an_attack_with_other_parameters_is_another_setup(make_audit):
    def setup(**changes):
        return next(m.setup for m in entry_of(make_audit(**changes)).measures if m.attack == "loss")

    assert setup() == setup(parameters={"seed": 9, "not_scored": 3})
    assert len({setup(), setup(n_references=8), setup(parameters={"queries": 5})}) == 3


def test_limits_with_the_metric_that_they_speak_of(make_audit):
    def limit(**changes):
        whole = {"expression": "tpr@1e-2>0.05", "bound": "b", "value": 0.1, "limit": 0.05, "result": "holds"}
        item = ThresholdResult(**{**whole, "reason": "r", **changes})
        verdict = Verdict(status="pass", sentence="s", thresholds=(item,))
        return entry_of(make_audit().model_copy(update={"verdict": verdict})).limits[0]

    assert (limit().metric, limit().waived) == ("tpr@0.01", False)
    assert limit(expression="loss:auc>0.6", waiver="somebody until then").waived
    assert limit(slice="class=pay").metric is None
    assert limit(against="baseline").metric is None
    assert limit(expression="something new").metric is None


def test_the_claim_is_kept(make_audit):
    assert entry_of(make_audit(claim=claim_from(epsilon=4.0))).claimed_epsilon == 4.0


def test_foreign_words_are_inert_and_short(make_audit):
    entry = entry_of(make_audit(model="\x1b[31m\u202e\ud800" + "x" * 100_000))
    assert entry.model.isprintable()
    assert len(entry.model) < 600
    assert hashlib.sha256(entry.model.encode()).hexdigest()  # a database can hold it
