"""Canaries on the page: which positions came out, and nothing of the secrets."""

import re

from privaudit.reports.document import Figure
from privaudit.reports.page.extraction import extraction
from privaudit.results import ExtractionSummary, Interval, NotRun


def figure_of(section):
    found = [block for block in section.blocks if isinstance(block, Figure)]
    return found[0] if found else None


def test_each_planted_canary_has_a_strip_of_its_best_answer(make_result, make_extraction):
    rows = (
        make_extraction("c-1", (True, False, True, True)),
        make_extraction("c-1", (True, False, False, True), attack="beam"),
        make_extraction("c-2", (True, True, True, True), bits=13.3),
        make_extraction("left-out", (False, False, False, True), included=False),
    )
    figure = figure_of(extraction(make_result(extraction=rows)))
    assert figure.data.rows == (
        ("c-2", "enumerate", "1, 2, 3, 4", "none"),
        ("c-1", "enumerate", "1, 3, 4", "2"),
    )
    assert re.findall(r"\d (?:✓ right|✗ wrong)", figure.chart) == [
        *(f"{place} ✓ right" for place in (1, 2, 3, 4)),
        "1 ✓ right", "2 ✗ wrong", "3 ✓ right", "4 ✓ right",
    ]  # fmt: skip
    assert "c-2: 4 of 4 positions right. c-1: 3 of 4 positions right." in figure.chart
    assert "rank 20 of 10,000; exposure 9.0 bits (1.2 in clean models)" in figure.chart


def test_a_strip_has_words_only_where_the_result_has_them(make_result, make_extraction):
    shown = {"secret": "my pin is 7 3", "found": "my pin is <7> \u202e4"}
    hidden = figure_of(extraction(make_result(extraction=(make_extraction(matches=(True, False)),))))
    assert "secret:" not in hidden.chart
    assert "answer:" not in hidden.chart
    row = make_extraction(matches=(True, False), **shown)
    chart = figure_of(extraction(make_result(extraction=(row,)))).chart
    assert "secret: my pin is 7 3" in chart
    assert "answer: my pin is &lt;7&gt; \\u202e4" in chart


def test_long_secrets_and_many_canaries_are_cut_and_counted(make_result, make_extraction):
    rows = tuple(make_extraction(f"c-{i}", (False,) * 40, bits=float(i)) for i in range(30))
    long = make_extraction("c-30", (True,) * 3, bits=13.0, secret="s" * 500, found="f" * 500)
    section = extraction(make_result(extraction=(*rows, long)))
    figure = figure_of(section)
    assert len(figure.data.rows) == 20
    assert figure.data.rows[0][0] == "c-30"
    assert "11 more are not drawn" in figure.caption
    assert "and 16 more positions" in figure.chart
    assert "s" * 60 not in figure.chart
    assert figure.chart.count("✗ wrong") == 19 * 24


def test_older_results_have_no_strips(make_result, make_extraction):
    row = make_extraction().model_copy(update={"matches": ()})
    section = extraction(make_result(extraction=(row,)))
    assert figure_of(section) is None
    assert any("c-1" in str(block) for block in section.blocks)


def test_the_end_of_a_sample_is_no_upper_bound(make_result, make_extraction, words):
    """Nothing in the sample beat the secret, so how far it stands out is not known from above."""
    bits = Interval(value=10.0, low=8.19, high=10.0, low_simultaneous=8.0)
    sampled = {"rank_exact": False, "n_ranked": 1024, "candidates": 10**8, "exposure_bits": bits}
    said = words(extraction(make_result(extraction=(make_extraction(rank=1, **sampled),))))
    assert "≥ 8.1" in said
    assert "[8.2, 10.0]" not in said
    assert "choice number 1 of a sample of 1,024 of the 100,000,000 possibilities" in said
    summary = ExtractionSummary(
        attack="enumerate", included=True, n_canaries=2, n_extracted=0, n_models=1, guess_rate=1e-8,
        exact_match_rate=Interval(value=0.0, low=0.0, high=0.8),
        mean_exposure_bits=Interval(value=10.0, low=2.67, high=10.0),
    )  # fmt: skip
    row = make_extraction(rank=1, **sampled)
    assert "≥ 2.6" in words(extraction(make_result(extraction=(row,), extraction_summary=(summary,))))
    beaten = words(extraction(make_result(extraction=(make_extraction(rank=2, **sampled),))))
    assert "10.0 [8.2, 10.0]" in beaten


def test_what_did_not_finish_is_no_secret_that_was_kept(make_result, make_extraction, words):
    def said(*gone):
        missing = [NotRun(attack="beam", reason="no time", kind="extraction", canary=name) for name in gone]
        return words(extraction(make_result(extraction=(make_extraction(),), not_run=tuple(missing))))

    assert "finish" not in said()
    assert "Attacks on one secret did not finish; what they would" in said("c-2")
    assert "Attacks on 2 secrets did not finish" in said("c-2", "c-3", "c-3")
    assert "Not every requested attack finished" in said(None)


def test_what_the_model_cannot_know_is_said_once(make_result, make_extraction, words):
    rows = tuple(make_extraction(name, note="It does not see the order of words.") for name in ("c-1", "c-2"))
    assert words(extraction(make_result(extraction=rows))).count("does not see the order") == 1


def test_cost_and_controls_stand_beside_every_canary(make_result, make_extraction, words):
    said = words(extraction(make_result(extraction=(make_extraction(),))))
    for cell in ("20 of 10,000", "9.0", "4,321", "1.2 [0.2, 2.2]", "0.002", "10,000", "no, 1 of 4 wrong"):
        assert cell in said
