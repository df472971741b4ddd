"""What a model can give, which attacks that allows, and the one shared pass."""

from dataclasses import replace

import numpy as np
import pytest

from privaudit.attacks.membership.perturbations import COPIES
from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.spec import Signal
from privaudit.audits.inputs import OpenedInputs
from privaudit.audits.membership.collect import (
    available,
    collect,
    n_references,
    scorable,
    select_attacks,
    signals_from_table,
)
from privaudit.data.audit_set import AuditSet
from privaudit.data.records import Records
from privaudit.errors import UsageError
from privaudit.targets.interface import Access

QUERIES = {Signal.LABEL_ROBUSTNESS, Signal.NEIGHBOUR_LOSSES}
WHITE = frozenset({*QUERIES, Signal.FEATURES, Signal.GRADIENT_NORMS, Signal.UNKNOWN_WORDS})


def ids_of(attacks) -> set[str]:
    return {attack.spec.id for attack in attacks}


def run(target, texts, attack_ids, *, order=None, seed=0, groups=None, **options):
    order = np.arange(len(texts)) if order is None else order
    label = np.arange(len(texts)) % len(target.labels)
    records = Records([f"r{i}" for i in order], [texts[i] for i in order], (), groups)
    opened = OpenedInputs(target, AuditSet(records, order % 2 == 0, "files", ()), label[order])
    return collect(opened, [membership_attacks()[name] for name in attack_ids], seed=seed, **options)


class Recorder:
    def __init__(self):
        self.tasks = []

    def start(self, task, total):
        self.tasks.append([task, total, 0])

    def advance(self, units=1, note=""):  # noqa: ARG002
        self.tasks[-1][2] += units


def test_capabilities_are_seen(black_box, white_box, score_table):
    assert available(black_box) == QUERIES
    assert available(white_box) == WHITE
    assert available(score_table) == frozenset()


def test_a_network_that_does_not_end_in_a_linear_layer_has_no_features(white_box):
    white_box.head = lambda: None
    assert Signal.FEATURES not in available(white_box)


def test_references_of_a_table_count_when_there_are_any(score_table):
    references = {"reference_logits": np.zeros((2, 6, 2), np.float32), "reference_in": np.ones((2, 6), bool)}
    none = {"reference_logits": np.zeros((0, 6, 2), np.float32), "reference_in": np.ones((0, 6), bool)}
    offline = references | {"reference_in": np.zeros((2, 6), bool)}
    assert available(replace(score_table, **references)) == {Signal.REFERENCES, Signal.REFERENCES_IN}
    assert available(replace(score_table, **offline)) == {Signal.REFERENCES}
    assert n_references(replace(score_table, **references)) == 2
    assert n_references(score_table) == n_references(replace(score_table, **none)) == 0
    assert available(replace(score_table, **none)) == frozenset()
    assert signals_from_table(replace(score_table, **none)).reference_logits is None
    assert signals_from_table(replace(score_table, **references)).reference_in.shape == (2, 6)


OUTPUT_ATTACKS = {"class-threshold", "confidence", "entropy", "loss", "modified-entropy"}


@pytest.mark.parametrize(
    ("access", "signals", "expected"),
    [
        (Access.WEIGHTS, WHITE, OUTPUT_ATTACKS | {"vocabulary", "gradient-norm-last", "self-influence"}),
        (Access.LOGITS, frozenset(QUERIES), OUTPUT_ATTACKS),
        (Access.SCORE, frozenset({*QUERIES, Signal.UNKNOWN_WORDS}), OUTPUT_ATTACKS | {"vocabulary"}),
        (Access.SCORE, frozenset(), OUTPUT_ATTACKS),
        (Access.LABEL, frozenset(QUERIES), {"label-only"}),
    ],
)
@pytest.mark.parametrize("requested", [None, []])
def test_default_set_by_access(access, signals, expected, requested):
    assert ids_of(select_attacks(requested, access, signals)) == expected


def test_all_means_every_attack_that_can_run():
    reference_free = {
        a.spec.id for a in membership_attacks().values() if Signal.REFERENCES not in a.spec.needs
    }
    assert ids_of(select_attacks(["all"], Access.WEIGHTS, WHITE)) == reference_free
    assert "label-only" not in ids_of(select_attacks(["all"], Access.SCORE, frozenset()))


def test_named_attacks_keep_their_order_and_count_once():
    chosen = select_attacks(["loss", "entropy", "loss"], Access.SCORE, frozenset())
    assert [attack.spec.id for attack in chosen] == ["loss", "entropy"]


@pytest.mark.parametrize(
    ("attack", "access", "signals", "named"),
    [
        (
            "self-influence",
            Access.LOGITS,
            frozenset(),
            "weights access and the inputs of a linear last layer",
        ),
        ("vocabulary", Access.WEIGHTS, frozenset(), "a list of known words"),
        ("label-only", Access.SCORE, frozenset(), "answers to further queries"),
        ("loss", Access.LABEL, frozenset(QUERIES), "score access"),
        ("nonsense", Access.WEIGHTS, WHITE, "Unknown attack 'nonsense'. Run \"privaudit attacks list\"."),
    ],
)
def test_an_attack_that_was_named_and_cannot_run_is_an_error(attack, access, signals, named):
    with pytest.raises(UsageError, match=named) as caught:
        select_attacks([attack, "all"], access, signals)
    assert attack in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_pass_serves_every_free_attack(white_box, texts):
    free = ["loss", "class-threshold", "gradient-norm-last", "self-influence", "vocabulary"]
    signals = run(white_box, texts, free)
    assert white_box.asked == texts
    assert signals.features.shape == (40, 12)
    assert signals.head.weight.shape == (3, 12)
    np.testing.assert_array_equal(signals.word_counts, [len(text.split()) for text in texts])
    assert (signals.gradient_norms, signals.label_robustness, signals.neighbour_losses) == (None,) * 3


def test_groups_are_passed_on(black_box, texts, score_table):
    groups = ["a", "b"] * 20
    assert run(black_box, texts, ["loss"], groups=groups).groups is groups
    assert signals_from_table(replace(score_table, groups=groups[:6])).groups == groups[:6]


def test_a_black_box_attack_asks_for_nothing_more(black_box, texts):
    signals = run(black_box, texts, ["loss"])
    assert (signals.features, signals.head, signals.unknown_words) == (None,) * 3


def test_query_signals_have_their_shapes_and_ranges(white_box, texts):
    signals = run(white_box, texts, ["label-only", "neighbourhood", "gradient-norm-full"])
    assert signals.label_robustness.shape == (40,)
    assert set(np.round(signals.label_robustness * COPIES, 9)) <= set(range(COPIES + 1))
    assert len(set(signals.label_robustness)) > 5
    assert signals.neighbour_losses.shape == (40, COPIES)
    assert (signals.neighbour_losses > 0).all()
    np.testing.assert_array_equal(signals.gradient_norms, white_box.gradient_norms(texts, signals.label))


@pytest.mark.parametrize("chunk", [1, 7, 256])
def test_perturbations_depend_on_neither_order_nor_chunks(black_box, texts, chunk, monkeypatch):
    attacks = ["label-only", "neighbourhood"]
    expected = run(black_box, texts, attacks)
    monkeypatch.setattr("privaudit.audits.membership.queries._CHUNK_RECORDS", chunk)
    order = np.random.default_rng(1).permutation(len(texts))
    shuffled = run(black_box, texts, attacks, order=order)
    np.testing.assert_array_equal(shuffled.label_robustness, expected.label_robustness[order])
    np.testing.assert_allclose(shuffled.neighbour_losses, expected.neighbour_losses[order], rtol=1e-12)


def test_the_seed_changes_the_perturbations(black_box, texts):
    one, two = (run(black_box, texts, ["neighbourhood"], seed=seed).neighbour_losses for seed in (0, 1))
    assert (one != two).any()


def test_records_with_the_same_text_are_perturbed_each_in_its_own_way(black_box):
    signals = run(black_box, ["w1 w2 w3 w4 w5 w6"] * 18, ["neighbourhood", "label-only"])
    assert len(np.unique(signals.neighbour_losses, axis=0)) == 18
    per_class = [signals.label_robustness[label::3] for label in range(3)]
    assert max(np.ptp(robustness) for robustness in per_class) > 0


def test_equal_copies_are_asked_for_once(black_box):
    run(black_box, ["w1", "w2"], ["label-only"])
    assert black_box.asked == ["w1", "w2", "w1", "w2"]


def test_long_texts_make_chunks_of_their_own(black_box, monkeypatch):
    monkeypatch.setattr("privaudit.audits.membership.queries._CHUNK_CHARACTERS", 100)
    texts = ["w1 w2", "w3 " * 100, "w4 w5", "w6 w7"]
    expected = run(black_box, texts, ["label-only"]).label_robustness
    monkeypatch.undo()
    np.testing.assert_array_equal(run(black_box, texts, ["label-only"]).label_robustness, expected)


class PassesAfter:
    """A deadline that passes after so many questions."""

    def __init__(self, questions):
        self.left = questions

    @property
    def passed(self):
        self.left -= 1
        return self.left < 0


def test_a_deadline_leaves_whole_signals_and_names_what_is_missing(white_box, texts, monkeypatch):
    monkeypatch.setattr("privaudit.audits.membership.queries._CHUNK_RECORDS", 10)
    chosen = ["loss", "label-only", "neighbourhood", "gradient-norm-full"]
    signals = run(white_box, texts, chosen, deadline=PassesAfter(6))
    attacks = [membership_attacks()[name] for name in chosen]
    ready, missing = scorable(attacks, signals)
    assert [a.spec.id for a in ready] == ["loss", "gradient-norm-full"]
    assert [a.spec.id for a in missing] == ["label-only", "neighbourhood"]
    assert signals.label_robustness is None


def test_progress_counts_every_record_of_every_task(white_box, texts):
    recorder = Recorder()
    run(white_box, texts, ["label-only", "neighbourhood", "gradient-norm-full"], progress=recorder)
    tasks = ["model outputs", "gradient norms", "damaged copies", "neighbours"]
    assert recorder.tasks == [[task, 40, 40] for task in tasks]


def test_asking_for_what_is_not_there_is_a_bug(black_box, texts):
    for attack in ("self-influence", "vocabulary", "gradient-norm-full"):
        with pytest.raises(ValueError, match="available"):
            run(black_box, texts, [attack])


def test_a_table_becomes_signals_as_it_is(score_table):
    signals = signals_from_table(score_table)
    assert signals.target_logits is score_table.logits
    assert list(signals.ids) == [f"row-{i}" for i in range(6)]
    assert scorable(select_attacks(None, score_table.access, available(score_table)), signals)[1] == ()
