"""Real results of every kind, and limits to judge them by."""

from functools import lru_cache
from pathlib import Path

import pytest

from privaudit.results import ThresholdResult, read_result

SPECIMENS = Path(__file__).parents[2] / "reports"


@pytest.fixture(scope="session")
def specimen():
    """The result of a specimen under ``reports/``, by its name."""
    return lru_cache(lambda name: read_result(SPECIMENS / name / "result.json"))


@pytest.fixture(scope="session")
def judged():
    """A result with the limits and the verdict that are given."""

    def change(result, limits, status, **verdict):
        thresholds = tuple(_limit(**limit) for limit in limits)
        changed = {"thresholds": thresholds, "status": status, "sentence": "As the test says.", **verdict}
        return result.model_copy(update={"verdict": result.verdict.model_copy(update=changed)})

    return change


def _limit(**fields):
    usual = {
        "expression": "auc>0.6",
        "bound": "loss low",
        "value": 0.7,
        "limit": 0.6,
        "result": "exceeded",
        "reason": "loss: at least 0.7, which is above 0.6.",
    }
    return ThresholdResult(**{**usual, **fields})


@pytest.fixture(scope="session")
def make_limit():
    def make(expression="tpr@0.01>0.05", value=0.1234, limit=0.05, result="exceeded", **fields):
        usual = {"bound": "lira-eb low", "reason": "lira-eb: at least 0.1234, which is above 0.05."}
        return ThresholdResult(
            expression=expression, value=value, limit=limit, result=result, **{**usual, **fields}
        )

    return make
