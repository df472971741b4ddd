"""Limits on extraction fail no model that kept nothing, however many secrets it has, and still see a leak."""

from math import log2

import numpy as np
import pytest

from privaudit.gate import evaluate, parse_threshold
from privaudit.gate.chance import LEVEL, exposures_by_chance, hits_by_guessing
from privaudit.results import Interval

BUILDS = 400
ALLOWED = 0.05 + 3 * np.sqrt(0.05 * 0.95 / BUILDS)


@pytest.fixture
def build(extraction):
    """Rows of one exhaustive attack on M secrets of one pattern, by their ranks among the fillings left."""

    def make(ranks, answers, hits=None, attack="enumerate", **fields):
        rows = []
        for number, rank in enumerate(ranks):
            bits = log2(answers) - log2(rank)
            found = {
                "rank": int(rank),
                "n_ranked": answers,
                "answers": answers,
                "candidates": answers + len(ranks) - 1,
                "group": 0,
                "complete": True,
                "p_value": rank / answers,
                "exact_match": bool(rank == 1) if hits is None else bool(hits[number]),
                "exposure_bits": Interval(value=bits, low=bits, high=bits, low_simultaneous=bits),
            }
            rows.append(extraction(f"c{number}", attack).model_copy(update=found | fields))
        return rows

    return make


def judged(expression, rows):
    return evaluate(parse_threshold(expression), (), (), rows)


def clean(secrets, candidates, rng):
    """Ranks of M random secrets among the fillings that are no other secret."""
    place = np.sort(rng.choice(candidates, secrets, replace=False))
    return place - np.arange(secrets) + 1


@pytest.mark.parametrize(("secrets", "candidates"), [(2, 10_000), (10, 10_000), (50, 10_000), (50, 60)])
@pytest.mark.parametrize("limit", ["exposure>0.5", "exposure>3", "exposure>6", "extracted>0", "extracted>3"])
def test_a_model_that_kept_nothing_rarely_fails(build, secrets, candidates, limit):
    rng = np.random.default_rng([secrets, candidates])
    answers = candidates - secrets + 1
    failed = sum(
        judged(limit, build(clean(secrets, candidates, rng), answers)).result == "exceeded"
        for _ in range(BUILDS)
    )
    assert failed / BUILDS <= ALLOWED


@pytest.mark.parametrize("secrets", [1, 10, 50])
def test_one_secret_that_leaks_fails_among_any_number(build, secrets):
    rng = np.random.default_rng(secrets)
    ranks = clean(secrets, 10_000, rng)
    ranks[0] = 1
    rows = build(ranks, 10_000 - secrets + 1)
    found = judged("exposure>3", rows)
    assert found.result == "exceeded"
    assert f"of {secrets} secrets, one ranks as high by luck with p = " in found.reason
    assert judged("extracted>0", rows).result == "exceeded"


def test_six_of_fifty_among_sixty_words_is_luck(build):
    """11 fillings are left per canary, so luck alone gives 4.5 hits."""
    rows = build([1] * 6 + [5] * 44, 11)
    found = judged("extracted>0", rows)
    assert found.result == "inconclusive"
    assert found.reason == (
        "6 of 50 planted canaries recovered exactly (by enumerate), which luck explains: "
        "guessing recovers as many with p = 0.32."
    )
    assert hits_by_guessing(rows, 6) == pytest.approx(0.317, abs=1e-3)
    assert judged("extracted>0", build([1] * 20 + [5] * 30, 11)).result == "exceeded"


def test_a_high_rank_that_luck_explains_is_inconclusive(build):
    rows = build([100, *[5_000] * 9], 9_991)
    found = judged("exposure>3", rows)
    assert exposures_by_chance(rows)[0] == pytest.approx(0.2, abs=1e-3)
    assert found.result == "inconclusive"
    assert "of 10 secrets, one ranks as high by luck with p = 0.2" in found.reason
    alone = judged("exposure>3", rows[:1])
    assert alone.result == "exceeded"


def test_several_secrets_that_rank_first_are_no_luck_even_among_few_fillings(build):
    rows = build([1, 1, 1, 40, 70], 96)
    assert exposures_by_chance(rows)[0] == pytest.approx(2 * hits_by_guessing(rows, 3))
    assert judged("exposure>3", rows).result == "exceeded"
    assert judged("exposure>3", build([1, 20, 30, 40, 70], 96)).result == "inconclusive"


def test_several_attacks_are_several_guesses_unless_they_saw_every_filling(build):
    both = build([1, 9], 100) + build([1, 9], 100, attack="contrast")
    assert hits_by_guessing(both, 1) == pytest.approx(2 / 101)
    beam = build([1, 9], 100) + build([1, 9], 100, attack="beam", complete=False)
    assert hits_by_guessing(beam, 1) == pytest.approx(4 / 100)


def test_older_results_are_judged_by_what_they_have(build):
    unknown = {"answers": None, "group": None, "p_value": None}
    rows = [row.model_copy(update=unknown) for row in build([1, 3], 100)]
    assert hits_by_guessing(rows, 1) == pytest.approx(2 / 100)
    assert exposures_by_chance(rows)[0] == pytest.approx(4 / 100)
    assert exposures_by_chance([rows[0].model_copy(update={"rank": None}), rows[1]])[0] == 1.0
    assert LEVEL == 0.025
