"""A result against an accepted one: what is refused, what is noted, how wide differences are, what fails."""

import math

import numpy as np
import pytest

from privaudit.errors import PrivauditError, ResultError, UsageError
from privaudit.gate import parse_threshold
from privaudit.gate.compare.baseline import compare, judge_increase
from privaudit.gate.compare.changes import ANY_ATTACK, difference_of, widening
from privaudit.results import (
    BlindBaseline,
    Change,
    Comparison,
    File,
    Interval,
    LowerBound,
    NotRun,
    Provenance,
    Result,
    Sweep,
)


@pytest.fixture(scope="module")
def two(result_of, membership):
    """The same attack on two models: old, new."""

    def make(old=(0.6, 0.55, 0.65, 0.53), new=(0.7, 0.66, 0.74, 0.64), **changes):
        before = result_of(membership=(membership("loss", auc=old),))
        after = result_of(membership=(membership("loss", auc=new),), **changes)
        return before, after.model_copy(update={"model": after.model.model_copy(update={"digest": "e" * 64})})

    return make


def change_of(comparison, metric="auc", attack="loss"):
    (row,) = [c for c in comparison.changes if (c.metric, c.attack) == (metric, attack)]
    return row


def with_data(result, **changes):
    return result.model_copy(update={"data": result.data.model_copy(update=changes)})


def with_settings(result, **settings):
    named = {key.replace("_", "-"): value for key, value in settings.items()}
    made = result.provenance.model_copy(update={"settings": named})
    return result.model_copy(update={"provenance": made})


def test_the_difference_lies_between_the_ends_of_both_intervals(two):
    old, new = two()
    difference = change_of(compare(new, old)).difference
    assert difference.value == pytest.approx(0.1)
    assert (difference.low, difference.high) == (pytest.approx(0.66 - 0.65), pytest.approx(0.74 - 0.55))
    assert difference.low_simultaneous == difference.low  # one attack, so nothing to correct for


@pytest.mark.parametrize(
    ("new", "direction"),
    [
        ((0.7, 0.66, 0.74, 0.64), "more"),
        ((0.5, 0.46, 0.54, 0.44), "less"),
        ((0.62, 0.58, 0.66, 0.55), "undecided"),
        ((0.7, 0.65, 0.74, 0.64), "undecided"),  # an end exactly on 0
    ],
)
def test_the_direction_is_open_as_long_as_the_interval_holds_zero(two, new, direction):
    old, result = two(new=new)
    assert change_of(compare(result, old)).direction == direction


def test_swapping_the_two_turns_every_difference_round(two):
    old, new = two()
    there, back = compare(new, old).changes, compare(old, new).changes
    for a, b in zip(there, back, strict=True):
        if a.difference.value is not None:
            assert (a.difference.low, a.difference.high) == (-b.difference.high, -b.difference.low)


def test_the_very_same_model_has_not_changed(two):
    old, _ = two()
    comparison = compare(old, old)
    assert comparison.same_model
    assert {c.difference.high for c in comparison.changes if c.difference.value is not None} == {0.0}
    assert judge_increase(parse_threshold("auc>0"), comparison).result == "holds"


def test_one_model_measured_twice_with_other_numbers_keeps_its_intervals(result_of, membership):
    old = result_of(membership=(membership("loss"),))
    new = result_of(membership=(membership("loss", auc=(0.61, 0.56, 0.66, 0.54)),))
    comparison = compare(new, old)
    assert comparison.same_model
    assert change_of(comparison).difference.low < 0 < change_of(comparison).difference.high


def a_file(digest):
    return File(name="data.tsv", sha256=digest * 64, size=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "membership-column"}, "source of records"),
        ({"files": (a_file("b"),)}, "files of records"),
        ({"split_seed": 7}, "seed of the split"),
        ({"holdout": 0.2}, "holdout"),
        ({"n_members": 999}, "number of members"),
        ({"n_nonmembers": 999}, "number of non-members"),
        ({"n_groups": 40}, "unit of membership"),
    ],
)
def test_other_records_are_refused(two, change, said):
    old, new = two()
    old, new = with_data(old, files=(a_file("a"),)), with_data(new, files=(a_file("a"),))
    compare(new, old)
    with pytest.raises(ResultError, match=said) as error:
        compare(with_data(new, **change), old)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("column", ["text-column", "label-column", "group-column", "member-column"])
def test_other_columns_are_other_records(two, column):
    old, new = two()
    with pytest.raises(ResultError, match=f"--{column}"):
        compare(with_settings(new, **{column: "body (flag)"}), old)
    # The place that an option came from makes no difference.
    compare(
        with_settings(new, **{column: "body (flag)"}), with_settings(old, **{column: "body (configuration)"})
    )


def test_other_classes_or_another_access_are_refused(two):
    old, new = two()

    def model(result, **changes):
        return result.model_copy(update={"model": result.model.model_copy(update=changes)})

    with pytest.raises(ResultError, match=r"other classes: 1 .spam. only there, none only here"):
        compare(model(new, labels=("ham",)), model(old, labels=("ham", "spam")))
    with pytest.raises(ResultError, match="access to the model"):
        compare(model(new, access="label"), old)
    compare(model(new, labels=("ham", "spam")), model(old, labels=("spam", "ham")))


def test_classes_beyond_those_that_are_shown_count_too(two):
    old, new = two()
    many = tuple(f"class {i:03}" for i in range(40))

    def model(result, labels):
        return result.model_copy(update={"model": result.model.model_copy(update={"labels": labels})})

    with pytest.raises(ResultError, match="class 039"):
        compare(model(new, many), model(old, many[:-1]))


def test_sets_that_differ_without_the_model_are_refused(two):
    old, new = two()
    shifted = BlindBaseline(auc=Interval(value=0.9, low=0.85, high=0.95), comparable=False)
    for a, b in (
        (with_data(new, blind_baseline=shifted), old),
        (new, with_data(old, blind_baseline=shifted)),
    ):
        with pytest.raises(ResultError, match="can be told apart by their texts alone"):
            compare(a, b)
    accepted = shifted.model_copy(update={"gates": False})
    compare(with_data(new, blind_baseline=accepted), with_data(old, blind_baseline=accepted))


def test_results_of_other_commands_are_refused(two, result_of, extraction, epsilon_of):
    old, new = two()
    canaries = result_of(command="extract", membership=(), extraction=(extraction(),))
    tested = result_of(command="audit", membership=(), epsilon=epsilon_of("consistent"))
    for a, b in ((new, canaries), (canaries, new), (tested, canaries)):
        with pytest.raises(
            ResultError, match=r"A result of privaudit .* cannot be the baseline for one of privaudit"
        ):
            compare(a, b)
    with pytest.raises(ResultError, match="This result has no attack to compare"):
        compare(result_of(membership=()), old)


def test_a_sweep_is_no_result_of_one_model(two):
    old, new = two()
    sweep = Sweep(
        pattern="p",
        label="l",
        own_label=False,
        repetitions=1,
        candidates=10,
        n_ranked=10,
        rank_exact=True,
        ceiling_bits=3.3,
        defences=(),
    )
    with pytest.raises(ResultError, match="A sweep over many models cannot be compared"):
        compare(new, old.model_copy(update={"sweep": sweep}))


def test_two_results_without_a_common_attack_are_refused(result_of, membership):
    with pytest.raises(ResultError, match=r"it ran rmia, this result loss\."):
        compare(result_of(membership=(membership("loss"),)), result_of(membership=(membership("rmia"),)))


def test_an_attack_of_the_baseline_that_is_missing_keeps_a_threshold_from_holding(result_of, membership):
    """Nobody passes by leaving out the attack that found something."""
    low = (0.5, 0.45, 0.55, 0.43)
    old = result_of(membership=(membership("loss", auc=low), membership("rmia", auc=low)))
    new = result_of(membership=(membership("loss", auc=low),))
    comparison = compare(new, old)
    assert (comparison.only_new, comparison.only_old) == ((), ("rmia",))
    judged = judge_increase(parse_threshold("auc>0.5"), comparison)
    assert judged.result == "inconclusive"
    assert "rmia: not in this result" in judged.reason
    assert judge_increase(parse_threshold("loss:auc>0.5"), comparison).result == "holds"
    with pytest.raises(UsageError, match=r"both have loss\."):
        judge_increase(parse_threshold("rmia:auc>0.5"), comparison)


def test_an_attack_without_a_baseline_is_said_and_cannot_be_judged(result_of, membership):
    low = (0.5, 0.45, 0.55, 0.43)
    old = result_of(membership=(membership("loss", auc=low),))
    new = result_of(membership=(membership("loss", auc=low), membership("rmia", auc=(0.9, 0.85, 0.95, 0.8))))
    comparison = compare(new, old)
    assert comparison.only_new == ("rmia",)
    assert judge_increase(parse_threshold("auc>0.2"), comparison).result == "holds"
    with pytest.raises(UsageError, match="Run the attack in both audits"):
        judge_increase(parse_threshold("rmia:auc>0.2"), comparison)


def test_an_attack_that_did_not_finish_is_inconclusive_and_no_error(result_of, membership):
    late = NotRun(attack="rmia", reason="--max-seconds 5 ran out.")
    both = (membership("loss"), membership("rmia"))
    whole, cut = result_of(membership=both), result_of(membership=both[:1], not_run=(late,))
    for new, old, said in ((cut, whole, "not finished"), (whole, cut, "not finished in the baseline")):
        comparison = compare(new, old)
        assert comparison.only_new == comparison.only_old == ()
        for expression in ("rmia:auc>0.5", "auc>0.5"):
            judged = judge_increase(parse_threshold(expression), comparison)
            assert judged.result == "inconclusive"
            assert said in judged.reason


def test_another_number_of_references_is_another_attack(result_of, membership):
    """Fewer references find less: that must not pass for a model that leaks less."""
    few = membership("rmia", auc=(0.6, 0.55, 0.65, 0.53)).model_copy(update={"n_references": 4})
    many = membership("rmia", auc=(0.8, 0.75, 0.85, 0.73)).model_copy(update={"n_references": 64})
    comparison = compare(result_of(membership=(few,)), result_of(membership=(many,)))
    row = change_of(comparison, attack="rmia")
    assert row.difference.value is None
    assert (row.old.value, row.new.value) == (0.8, 0.6)
    assert any("rmia is not compared: 4 reference models, 64 in the baseline" in n for n in comparison.notes)
    assert judge_increase(parse_threshold("rmia:auc>0.3"), comparison).result == "inconclusive"


def test_another_kind_of_references_is_another_attack_only_where_there_are_any(result_of, membership):
    rows = membership("loss"), membership("rmia").model_copy(update={"n_references": 4})
    old = result_of(membership=rows)
    comparison = compare(with_settings(old, reference_mode="online (flag)"), old)
    assert change_of(comparison, attack="rmia").difference.value is None
    assert change_of(comparison, attack="loss").difference.value is not None


def test_what_only_a_later_version_tells_of_an_attack_forbids_nothing(result_of, membership):
    def row(**parameters):
        return membership("loss").model_copy(update={"parameters": parameters})

    old = result_of(membership=(row(seed=0, not_scored=3, queries=1),))
    for parameters, comparable in (
        ({"seed": 1}, True),
        ({"queries": 1, "new": 2}, True),
        ({"queries": 9}, False),
    ):
        found = change_of(compare(result_of(membership=(row(**parameters),)), old)).difference
        assert (found.value is not None) is comparable


def test_what_differs_harmlessly_is_noted(result_of, membership):
    old = result_of(membership=(membership("loss"),))
    made = Provenance(
        argv=(), seed=3, python="3.12", platform="q", versions={"torch": "2"}, seconds=2.0, device="cuda"
    )
    model = old.model.model_copy(
        update={"recipe": {"epochs": 5, "privacy": {"noise": 1.0}}, "accuracy_nonmembers": 0.8}
    )
    before = old.model_copy(
        update={
            "model": old.model.model_copy(
                update={"recipe": {"epochs": 9, "privacy": None}, "accuracy_nonmembers": 0.9}
            ),
            "created": "2027-01-01T00:00:00+00:00",
        }
    )
    notes = "\n".join(compare(old.model_copy(update={"provenance": made, "model": model}), before).notes)
    for said in (
        "The seed: 3, in the baseline 0",
        "Python: 3.12",
        "Device: cuda, in the baseline unknown",
        "epochs 5, was 9",
        "privacy.noise 1.0, was none",
        "Accuracy on non-members: 80.0%, in the baseline 90.0%",
        "The baseline is newer than this result",
        "cannot check that both used the same records",
    ):
        assert said in notes
    quiet = with_data(old, files=(a_file("a"),))
    assert compare(quiet, quiet).notes == ()


def test_what_cannot_be_measured_in_either_is_inconclusive_with_the_reason(two):
    old, new = two()
    judged = judge_increase(parse_threshold("loss:tpr@0.001>0.1"), compare(new, old))
    assert (judged.result, judged.value) == ("inconclusive", None)
    assert "too few non-members" in judged.reason


def test_a_number_that_the_results_do_not_have_is_an_error(two):
    old, new = two()
    with pytest.raises(
        UsageError, match=r"'exposure>1' is not in both results; both have auc, .*advantage\."
    ):
        judge_increase(parse_threshold("exposure>1"), compare(new, old))


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("0", "exceeded"),
        ("0.0625", "inconclusive"),
        ("0.1", "inconclusive"),
        ("0.25", "holds"),
        ("0.3", "holds"),
    ],
)
def test_an_end_exactly_on_the_limit_does_not_exceed_and_holds(two, limit, expected):
    old, new = two(old=(0.5, 0.4375, 0.5625, 0.4), new=(0.65625, 0.625, 0.6875, 0.6))
    judged = judge_increase(parse_threshold(f"loss:auc>{limit}"), compare(new, old))
    assert judged.result == expected
    assert judged.against == "baseline"
    assert judged.name == f"loss:auc>{limit} over baseline"


def test_without_an_attack_the_ends_that_hold_for_all_at_once_decide(result_of, membership):
    names = ("a", "b", "c", "d")
    old = result_of(membership=tuple(membership(n, auc=(0.6, 0.57, 0.63, 0.55)) for n in names))
    new = result_of(membership=tuple(membership(n, auc=(0.67, 0.64, 0.7, 0.62)) for n in names))
    comparison = compare(new, old)
    assert judge_increase(parse_threshold("a:auc>0"), comparison).result == "exceeded"
    together = judge_increase(parse_threshold("auc>0"), comparison)
    assert together.result == "inconclusive"
    row = change_of(comparison, attack="a").difference
    assert row.low_simultaneous == pytest.approx(0.07 - widening(4) * 0.06)
    assert row.low_simultaneous < row.low


def test_the_widening_is_bonferronis():
    assert widening(0) == widening(1) == 1.0
    assert widening(5) == pytest.approx(2.5758 / 1.95996, rel=1e-4)
    assert all(widening(m) < widening(m + 1) for m in range(1, 20))


def test_exposures_of_canaries_in_both_are_compared(result_of, extraction):
    old = result_of(
        membership=(),
        extraction=(extraction("c1", exposure=(4.0, 4.0, 4.0)), extraction("c2", included=False)),
    )
    new = result_of(
        membership=(),
        extraction=(extraction("c1", exposure=(9.0, 9.0, 9.0), exact_match=True), extraction("c2")),
    )
    comparison = compare(new, old)
    rows = [c for c in comparison.changes if c.metric == "exposure"]
    assert [(c.canary, c.difference.value, c.direction) for c in rows] == [("c1", 5.0, "more")]
    assert judge_increase(parse_threshold("exposure>4.9"), comparison).result == "exceeded"
    assert judge_increase(parse_threshold("enumerate:exposure>5"), comparison).result == "holds"
    assert judge_increase(parse_threshold("extracted>0"), comparison).result == "exceeded"
    assert judge_increase(parse_threshold("extracted>1"), comparison).result == "holds"


def test_canaries_that_are_not_the_same_are_not_compared(result_of, extraction):
    row = extraction("c1").model_copy(update={"digest": "a"})
    for change, said in (
        ({"digest": "b"}, "a different secret in the baseline"),
        ({"repetitions": 1}, "copies 1, in the baseline "),
        ({"candidates": 7}, "number of fillings 7, in the baseline "),
        ({"objective": "loss"}, "objective loss, in the baseline "),
        ({"included": False}, "not planted in this model"),
    ):
        new = result_of(membership=(), extraction=(row.model_copy(update=change),))
        comparison = compare(new, result_of(membership=(), extraction=(row,)))
        for expression in ("exposure>1", "extracted>0"):
            judged = judge_increase(parse_threshold(expression), comparison)
            assert judged.result == "inconclusive"
            assert said in judged.reason
    unknown = result_of(membership=(), extraction=(row.model_copy(update={"digest": None}),))
    assert compare(unknown, result_of(membership=(), extraction=(row,))).changes[0].difference.value == 0


def test_a_canary_that_was_not_searched_again_keeps_the_count_open(result_of, extraction):
    both = (extraction("c1"), extraction("c2", exact_match=True))
    comparison = compare(
        result_of(membership=(), extraction=both[:1]), result_of(membership=(), extraction=both)
    )
    judged = judge_increase(parse_threshold("extracted>0"), comparison)
    assert judged.result == "inconclusive"
    assert "c2: not in this result" in judged.reason


def test_canaries_recovered_by_any_attack_count_once(result_of, extraction):
    attacks = ("beam", "enumerate")
    old = result_of(membership=(), extraction=tuple(extraction("c1", a) for a in attacks))
    new = result_of(membership=(), extraction=tuple(extraction("c1", a, exact_match=True) for a in attacks))
    comparison = compare(new, old)
    assert change_of(comparison, "extracted", ANY_ATTACK).difference.value == 1
    assert (
        judge_increase(parse_threshold("extracted>0"), comparison).bound
        == "any attack difference low_simultaneous"
    )
    assert judge_increase(parse_threshold("extracted>1"), comparison).result == "holds"


def test_another_search_recovers_otherwise_and_ranks_alike(result_of, extraction):
    old = result_of(membership=(), extraction=(extraction("c1"),))
    comparison = compare(with_settings(old, evaluations="10 (flag)"), old)
    assert judge_increase(parse_threshold("extracted>0"), comparison).result == "inconclusive"
    assert judge_increase(parse_threshold("exposure>0"), comparison).result == "holds"


def test_a_secret_that_no_sampled_filling_beat_may_be_exposed_whole(result_of, extraction):
    sampled = extraction("c1", exposure=(13.3, 11.4, 13.3), rank_exact=False, ceiling=13.3)
    sampled = sampled.model_copy(update={"rank": 1, "candidates": 2**40})
    comparison = compare(
        result_of(membership=(), extraction=(sampled,)),
        result_of(
            membership=(),
            extraction=(
                extraction("c1", exposure=(10.0, 10.0, 10.0)).model_copy(update={"candidates": 2**40}),
            ),
        ),
    )
    assert comparison.changes[0].difference.high == 30.0


def test_bounds_on_epsilon_only_decide_with_the_accounting_of_both(result_of, epsilon_of):
    def tested(verdict, value):
        return result_of(membership=(), epsilon=epsilon_of(verdict, value))

    comparison = compare(tested("inconclusive", 6.0), tested("no-claim", 1.0))
    row = change_of(comparison, "epsilon", "steinke")
    assert (row.difference.value, row.difference.low, row.difference.high) == (None, -math.inf, math.inf)
    assert judge_increase(parse_threshold("epsilon>100"), comparison).result == "inconclusive"
    accounted = compare(tested("consistent", 6.0), tested("consistent", 1.0))
    assert (row := change_of(accounted, "epsilon", "steinke")).difference.high == 7.0
    assert row.direction == "undecided"
    assert judge_increase(parse_threshold("epsilon>7"), accounted).result == "holds"
    assert judge_increase(parse_threshold("steinke:epsilon>1"), accounted).result == "inconclusive"


def test_epsilon_at_another_delta_is_not_compared(result_of, epsilon_of):
    old = epsilon_of("consistent")
    new = old.model_copy(update={"delta": 1e-6})
    comparison = compare(result_of(membership=(), epsilon=new), result_of(membership=(), epsilon=old))
    assert judge_increase(parse_threshold("epsilon>50"), comparison).result == "inconclusive"


def test_a_bound_that_assumes_a_mechanism_counts_only_when_it_is_named(result_of, epsilon_of):
    gaussian = LowerBound(method="mahloujifar-gaussian", value=40.0, confidence=0.95, assumes="a curve")
    epsilon = epsilon_of("consistent")
    more = epsilon.model_copy(update={"lower_bounds": (*epsilon.lower_bounds, gaussian)})
    comparison = compare(
        result_of(membership=(), epsilon=more),
        result_of(
            membership=(),
            epsilon=more.model_copy(
                update={"lower_bounds": (*epsilon.lower_bounds, gaussian.model_copy(update={"value": 1.0}))}
            ),
        ),
    )
    assert judge_increase(parse_threshold("epsilon>30"), comparison).result == "holds"
    assert judge_increase(parse_threshold("mahloujifar-gaussian:epsilon>30"), comparison).result == "exceeded"


def test_a_comparison_survives_json(two, result_of, epsilon_of):
    old, new = two()
    for comparison in (
        compare(new, old),
        compare(*(result_of(membership=(), epsilon=epsilon_of("no-claim")) for _ in range(2))),
    ):
        assert Comparison.model_validate_json(comparison.model_dump_json()) == comparison


def test_every_refusal_is_one_line_of_what_to_do(two):
    old, new = two()
    hostile = with_data(new, files=(File(name="a\x1b[31m\nb", sha256="c" * 64, size=1),))
    with pytest.raises(PrivauditError, match="Audit the accepted model again") as error:
        compare(hostile, old)
    assert "\x1b" not in str(error.value)
    assert "\n" not in str(error.value)
    many = with_data(new, files=tuple(File(name=f"{i}.csv", sha256="c" * 64, size=1) for i in range(5000)))
    with pytest.raises(PrivauditError) as error:
        compare(many, old)
    assert len(str(error.value)) < 600


DRAWS = 250
SLACK = 0.042
"""Three standard errors of a share of 5 % in 250 draws."""


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [-1.0, 0.0, 0.9])
@pytest.mark.parametrize(
    "case", [1, 3, 4, 5], ids=lambda i: ("", "AUC", "", "TPR 10", "TPR 1", "advantage")[i]
)
def test_the_interval_of_a_difference_covers_whatever_the_dependence(simulation, case, correlation):
    _, measure, n = simulation.CASES[case]
    for number, (old, new) in enumerate(simulation.PAIRS[1::2]):
        below, above = simulation.misses(measure, old, new, n, correlation, DRAWS, seed=number)
        assert below + above <= 0.05 + SLACK


@pytest.mark.slow
@pytest.mark.parametrize("case", [1, 3, 5], ids=["AUC", "TPR", "advantage"])
def test_an_unchanged_model_seldom_seems_worse_by_any_of_many_attacks(simulation, case):
    _, measure, n = simulation.CASES[case]
    for population in (simulation.exponential(0.75), simulation.exposed(0.05)):
        assert simulation.exceeded_by_chance(measure, population, n, -1.0, 5, DRAWS) <= 0.05


@pytest.mark.slow
def test_what_grew_a_lot_is_found(simulation):
    """An interval that never decides would pass all of the above."""
    _, measure, n = simulation.CASES[1]
    old, new = simulation.binormal(0.6), simulation.binormal(0.75)
    rng = np.random.default_rng(0)
    decided = 0
    for _ in range(100):
        before, after = simulation.audits(rng, old, new, n, 0.5)
        ends = difference_of(measure(before, old, rng)[1], measure(after, new, rng)[1], same=False)
        decided += ends.low > 0
    assert decided >= 95


def test_a_change_is_part_of_the_result(two):
    old, new = two()
    comparison = compare(new, old)
    assert isinstance(comparison.changes[0], Change)
    both = new.model_copy(update={"comparison": comparison})
    assert Result.model_validate_json(both.model_dump_json()).comparison == comparison
