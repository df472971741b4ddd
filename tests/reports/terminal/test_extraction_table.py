"""Extraction as a person reads it: plain words first, every number whole, and no secret unless asked for."""

import io
import math
import re

import pytest
from rich.console import Console

from privaudit.reports.terminal.result import print_result
from privaudit.reports.words.extraction import plain_words
from privaudit.results import (
    BlindBaseline,
    Data,
    Extraction,
    ExtractionSummary,
    Interval,
    Model,
    NotRun,
    Provenance,
    Result,
    Tool,
    Verdict,
)

HEADINGS = [
    "planted", "exact", "words wrong", "rank", "exposure", "p", "control rank", "control exposure",
    "evaluations", "seconds",
]  # fmt: skip
NONE = Interval(value=None, low=None, high=None)


def an_extraction(canary="pin-1", attack="enumerate", rank=1, *, n=10_000, **changes):
    bits = None if rank is None else math.log2(n / rank)
    parts = {
        "objective": "margin",
        "label": "RateBook",
        "repetitions": 100,
        "included": True,
        "secret_length": 4,
        "candidates": 10_000,
        "exact_match": False,
        "hamming": 2,
        "rank": rank,
        "rank_exact": True,
        "n_ranked": n,
        "exposure_bits": Interval(value=bits, low=bits, high=bits),
        "p_value": None if rank is None else rank / n,
        "control_rank": 4870,
        "control_exposure_bits": Interval(value=1.0, low=0.6, high=1.9),
        "n_controls": 8,
        "found_score": 3.0,
        "secret_score": 2.0,
        "evaluations": 24_000,
        "seconds": 1.25,
    }
    return Extraction(canary=canary, attack=attack, **{**parts, **changes})


def printed(rows, width, **changes):
    result = Result(
        tool=Tool(version="0"),
        created="2026-01-01T00:00:00+00:00",
        command="extract",
        model=Model(
            path="m", format="bundle", architecture="bow", loader="l", files=(), digest="d", access="weights"
        ),
        data=Data(
            source="canaries",
            n_members=2,
            n_nonmembers=1,
            blind_baseline=BlindBaseline(auc=NONE, comparable=None),
        ),
        extraction=tuple(rows),
        verdict=Verdict(status="not-judged", sentence="s"),
        provenance=Provenance(argv=(), seed=0, python="3", platform="p", versions={}, seconds=1.0),
        **changes,
    )
    stream = io.StringIO()
    print_result(result, Console(file=stream, width=width, color_system=None, highlight=False))
    return stream.getvalue()


ROWS = (
    an_extraction("pin-3", rank=5123, included=False, control_rank=None, control_exposure_bits=None),
    an_extraction("pin-2", rank=12),
    an_extraction(
        "pin-2", "relaxed", 3, n=10_001, rank_exact=False,
        exposure_bits=Interval(value=11.7, low=10.2, high=13.9),
    ),
    an_extraction("pin-1", exact_match=True, hamming=0),
)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_rows_stay_on_one_line_at_any_width_and_what_is_left_out_is_named(width):
    lines = printed(ROWS, width).splitlines()
    assert max(map(len, lines)) <= width
    for row, bits in zip(ROWS, ("1.0", "9.7", "11.7 [10.2, 13.9]", "13.3"), strict=True):
        (line,) = [x for x in lines if x.startswith(row.canary) and f" {row.attack} " in x]
        assert f" {bits}" in line
        assert ("(control)" in line) is not row.included
    (header,) = [line for line in lines if line.startswith("canary")]
    below = " ".join(" ".join(lines[lines.index(header) :]).split())
    left_out = below.partition("Left out to fit this terminal: ")[2].partition(".")[0].split(", ")
    shown = re.split(r"\s{2,}", header.strip())
    assert "exposure" in shown
    assert sorted({*shown, *left_out} - {"canary", "attack", ""}) == sorted(HEADINGS)


def test_a_wide_terminal_shows_every_number():
    text = printed(ROWS, 170)
    assert "Left out" not in text
    (line,) = [x for x in text.splitlines() if x.startswith("pin-2") and "relaxed" in x]
    for cell in (
        "100x",
        "no",
        "2 of 4",
        "~3 of 10,001",
        "11.7 [10.2, 13.9]",
        "0.0003",
        "4,870",
        "24,000",
        "1.2",
    ):
        assert cell in line


def test_the_worst_canary_comes_first_and_controls_last():
    lines = printed(ROWS, 120).splitlines()
    order = [line.split()[0] for line in lines if line.startswith("pin-")]
    assert order == ["pin-1", "pin-2", "pin-2", "pin-3"]


LOST = "The secret planted in the training data was not recovered by these attacks."
FOUND = "recovered word for word from the model alone; a guess is right one time in 10,000."
CHOICE = "is the model's choice number"
OF = "of 10,000 possibilities"
BY_CHANCE = "by chance, one secret in"
MISSED = (
    "For 1 of the planted secrets the model prefers the secret to every answer found: "
    "it knows more than these searches extracted."
)


@pytest.mark.parametrize(
    ("rows", "sentences"),
    [
        ([an_extraction(exact_match=True)], [f"The secret planted in the training data was {FOUND}"]),
        (
            [an_extraction(exact_match=True), an_extraction(attack="beam"), an_extraction("b", rank=5)],
            [
                f"1 of the 2 secrets planted in the training data was {FOUND}",
                f"The most exposed of the others {CHOICE} 5 {OF}: {BY_CHANCE} 2,000 does as well.",
            ],
        ),
        ([an_extraction(rank=6000)], [LOST, f"It {CHOICE} 6,000 {OF}: no better than chance."]),
        (
            [an_extraction("a", rank=None), an_extraction("b", rank=100)],
            [
                "None of the 2 secrets planted in the training data was recovered by these attacks.",
                f"The most exposed {CHOICE} 100 {OF}: {BY_CHANCE} 100 does as well.",
            ],
        ),
        (
            [an_extraction(rank=None), an_extraction("c", included=False, exact_match=True)],
            [LOST, "Of 1 secret kept out of training for comparison, 1 was recovered."],
        ),
        (
            [an_extraction(included=False)],
            [
                "None of these secrets was in the training data, so this says nothing about leakage.",
                "Of 1 secret kept out of training for comparison, none was recovered.",
            ],
        ),
        (
            [an_extraction(rank=None, secret_score=4.0)],
            [LOST, MISSED],
        ),
        ([an_extraction(rank=None, secret_score=4.0), an_extraction(rank=None, secret_score=None)], [LOST]),
    ],
)
def test_plain_words(rows, sentences):
    assert list(plain_words(rows)) == sentences


def test_secrets_are_shown_only_where_the_result_holds_them():
    assert "secret   " not in printed(ROWS, 120)
    shown = printed([an_extraction(secret="1 2 \x1b[31m 4", found="1 2 9 4")], 120)
    assert "1 2 9 4" in shown
    assert "\x1b" not in shown


def test_what_is_missing_is_never_a_number():
    row = an_extraction(rank=None, exposure_bits=NONE, p_value=None, control_rank=None, reason="Cut off.")
    text = printed([row], 170)
    (line,) = [x for x in text.splitlines() if x.startswith("pin-1")]
    assert line.count("n/m") == 4
    assert "Note: Cut off." in text


def test_many_canaries_are_cut_to_the_worst_and_the_rest_is_counted():
    text = printed([an_extraction(f"c{k}", rank=k + 1) for k in range(25)], 120)
    assert [f"c{k} " in text for k in range(25)] == [True] * 20 + [False] * 5
    assert "The result file has 5 more canaries, which stand out less." in text


def test_rates_over_canaries_and_what_did_not_run():
    summary = ExtractionSummary(
        attack="beam",
        included=True,
        n_canaries=10,
        n_models=10,
        n_extracted=9,
        exact_match_rate=Interval(value=0.9, low=0.555, high=0.9975),
        guess_rate=1e-4,
        mean_exposure_bits=Interval(value=12.9, low=12.4, high=13.3),
    )
    gone = NotRun(attack="relaxed", kind="extraction", canary="pin-9", reason="time ran out")
    text = printed(ROWS, 120, extraction_summary=(summary,), not_run=(gone,))
    assert "9 of 10  0.90 [0.56, 1.00]" in " ".join(text.split("\n"))
    assert "Not run: relaxed on pin-9: time ran out" in text
