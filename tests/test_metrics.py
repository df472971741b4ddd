"""The table of metrics: one row each, read and said everywhere in the same way."""

import pytest

from privaudit.gate import parse_threshold
from privaudit.reports.formats.sarif_rules import rule
from privaudit.reports.words.metrics import CHARTED, WORDS, axis_words
from privaudit.results import FPRS, ThresholdResult
from privaudit.results.metrics import METRICS, TPR, metric_of

JUDGED = {"bound": "none", "value": None, "limit": 0.1, "result": "inconclusive", "reason": "r"}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_every_metric_can_be_limited_and_said(metric):
    fpr = FPRS[2] if metric.takes_fpr else None
    assert parse_threshold(f"{metric.key(fpr)}>0").metric is metric
    assert metric_of(metric.key(fpr)) == (metric, fpr)
    words = WORDS[metric.name]
    assert "{amount}" in words.clause
    assert "{amount}" in words.increase
    assert rule(metric.name)["fullDescription"]["text"] == words.meaning
    assert axis_words(metric.key(fpr)) != metric.key(fpr) or metric.heading() == metric.name


def test_a_metric_of_a_later_version_is_named_by_its_key():
    assert [metric_of(key) for key in ("regret", "auc@0.01", "tpr", "tpr@x", "tpr@nan")] == [None] * 5
    assert axis_words("regret@0.5") == "regret@0.5"


def test_a_history_draws_one_rate():
    assert [key for key in CHARTED if key.startswith("tpr")] == [TPR.key(0.01)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("auc>0.1", ("auc", None)),
        (" loss : tpr @ 0.01 > 0.1", ("tpr", 0.01)),
        ("regret>0.1", ("regret", None)),
        ("tpr@x>0.1", ("tpr", None)),
        ("something new", (None, None)),
    ],
)
def test_results_of_earlier_versions_name_their_metric_in_the_expression(expression, expected):
    item = ThresholdResult.model_validate({"expression": expression, **JUDGED})
    assert (item.metric, item.fpr) == expected
    later = ThresholdResult.model_validate({"expression": expression, "metric": "new", **JUDGED})
    assert (later.metric, later.fpr) == ("new", None)
