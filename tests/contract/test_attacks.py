"""What every registered membership attack must keep, whatever it computes."""

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from privaudit.attacks.extraction.registry import extraction_attacks
from privaudit.attacks.membership.registry import membership_attacks, register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, Signal
from privaudit.targets.interface import Head

CARDS = Path(__file__).parents[2] / "attacks"
ATTACKS = membership_attacks()
CALIBRATED = {"class-threshold", "quantile"}
"""Attacks that read the membership of half of the records and do not score that half."""
REFERENCE_ATTACKS = {k: a for k, a in ATTACKS.items() if Signal.REFERENCES in a.spec.needs}
CONTEXT = AttackContext(seed=0)
DEFINED_FOR_ALL = {
    "base",
    "lira-eb",
    "lira-eb-offline",
    "lira-multi",
    "lira-online-shrunk",
    "lira-offline-shrunk",
}
"""Reference attacks that score every record, whichever references saw it."""
LEAST_AUC = 0.6
N = 1000
K = 8


def overfit_signals(n: int, classes: int, seed: int = 0) -> Signals:
    """A model that does better on its members by every measure; features are alike on both sides.

    So do K references, each on its own; every record is IN for half of them.
    """
    rng = np.random.default_rng(seed)
    member, label = rng.random(n) < 0.5, rng.integers(classes, size=n)
    difficulty = rng.normal(size=n)

    def logits_of(inside):
        logits = rng.normal(size=(n, classes))
        logits[np.arange(n), label] += np.log(classes) + 2 + 2 * inside - difficulty
        return logits

    def extras_of(inside):
        return rng.normal(size=(n, 1)) + (1.5 * inside - difficulty)[:, None]

    logits = logits_of(member)
    references = rng.permuted(np.repeat([[True, False]], K // 2, axis=0).reshape(-1, 1).repeat(n, 1), axis=0)
    features = rng.normal(size=(n, 6)).astype(np.float32)
    length = rng.integers(3, 30, size=n)
    signals = Signals(
        ids=[f"data:{i}" for i in range(n)],
        member=member,
        label=label,
        target_logits=logits,
        features=features,
        head=Head(rng.normal(size=(classes, 6)), np.zeros(classes)),
        gradient_norms=rng.gamma(2, size=n) * np.where(member, 0.5, 1),
        unknown_words=np.where(member, 0, rng.binomial(length, 0.2)),
        word_counts=length,
        label_robustness=rng.binomial(20, np.where(member, 0.9, 0.7)) / 20,
        neighbour_losses=rng.gamma(2, size=(n, 20)) + 0.5 * member[:, None],
        reference_logits=np.stack([logits_of(row) for row in references]).astype(np.float32),
        reference_in=references,
        reference_extras=np.stack([extras_of(row) for row in references]).astype(np.float32),
        target_extras=extras_of(member),
    )
    for array in arrays(signals).values():
        array.flags.writeable = False
    return signals


def arrays(signals: Signals) -> dict[str, np.ndarray]:
    values = {field.name: getattr(signals, field.name) for field in fields(signals)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def fresh(signals: Signals, **changes) -> Signals:
    return replace(signals, cache={}, **changes)


def assert_finite(attack, score):
    """Finite; only calibration may leave records without a score."""
    assert not np.isinf(score).any()
    assert attack.spec.id in CALIBRATED or not np.isnan(score).any()


def take(signals: Signals, rows) -> Signals:
    taken = {
        name: value[:, rows] if name.startswith("reference") else value[rows]
        for name, value in arrays(signals).items()
    }
    return fresh(signals, ids=[signals.ids[i] for i in rows], **taken)


@pytest.fixture(scope="module", params=[2, 150], ids=lambda c: f"C={c}")
def signals(request) -> Signals:
    return overfit_signals(N, request.param)


@pytest.fixture(scope="module")
def shared(signals) -> tuple[Signals, dict[str, np.ndarray]]:
    """Signals that every attack has used, and the scores that they gave on the way."""
    used = fresh(signals)
    return used, {name: attack.score(used, CONTEXT) for name, attack in ATTACKS.items()}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=lambda a: a.spec.id)
class TestEveryAttack:
    def test_gives_one_float64_per_record(self, attack, signals):
        score = attack.score(fresh(signals), CONTEXT)
        assert score.shape == (N,)
        assert score.dtype == np.float64
        assert_finite(attack, score)

    def test_higher_means_member(self, attack, signals):
        score = attack.score(fresh(signals), CONTEXT)
        scored = ~np.isnan(score)
        assert scored.mean() >= 0.49
        assert roc_auc_score(signals.member[scored], score[scored]) > LEAST_AUC

    def test_is_a_function_of_its_input(self, attack, signals, shared):
        """The same with what others left in the cache; arrays are read-only: writing would raise."""
        after_all_others, scores = shared
        alone = attack.score(fresh(signals), CONTEXT)
        np.testing.assert_array_equal(scores[attack.spec.id], alone)
        if attack.spec.id != "lira-multi":  # slow, and it caches nothing of its own
            np.testing.assert_array_equal(attack.score(after_all_others, CONTEXT), alone)

    def test_does_not_depend_on_the_order_of_the_records(self, attack, signals):
        order = np.random.default_rng(1).permutation(N)
        permuted = attack.score(take(signals, order), CONTEXT)
        expected = attack.score(fresh(signals), CONTEXT)[order]
        np.testing.assert_allclose(permuted, expected, rtol=1e-9, atol=1e-9)

    def test_does_not_read_the_membership_of_what_it_scores(self, attack, signals):
        """Only calibration, whose records get NaN, may read it; no other attack reads any."""
        score = attack.score(fresh(signals), CONTEXT)
        flipped = np.where(np.isnan(score), signals.member, ~signals.member)
        np.testing.assert_array_equal(attack.score(fresh(signals, member=flipped), CONTEXT), score)

    @pytest.mark.parametrize("scale", [1e4, 1e-9])
    def test_saturated_and_flat_logits_give_finite_scores(self, attack, signals, scale):
        extreme = {
            name: np.where(getattr(signals, name) > 0, scale, -scale)
            for name in ("target_logits", "reference_logits")
        }
        assert_finite(attack, attack.score(fresh(signals, **extreme), CONTEXT))

    @pytest.mark.parametrize("rows", [[0], [0, 1], [1, 3, 2]])
    def test_few_records_are_scored_or_nan(self, attack, signals, rows):
        score = attack.score(take(signals, rows), CONTEXT)
        assert score.shape == (len(rows),)
        assert_finite(attack, score)

    def test_records_of_one_class_only(self, attack, signals):
        score = attack.score(take(signals, np.flatnonzero(signals.label == 0)), CONTEXT)
        assert_finite(attack, score)

    def test_without_a_leak_it_is_no_better_than_chance(self, attack, signals):
        """Membership drawn anew has nothing to do with the signals: the mean AUC of 30 draws is 1/2."""
        rng, found = np.random.default_rng(7), []
        score = attack.score(fresh(signals), CONTEXT)
        for seed in range(30):
            member = rng.random(N) < 0.5
            if attack.spec.id in CALIBRATED:  # no other attack reads membership, as shown above
                score = attack.score(fresh(signals, member=member), AttackContext(seed))
            scored = ~np.isnan(score)
            found.append(roc_auc_score(member[scored], score[scored]))
        assert abs(np.mean(found) - 0.5) < 4 * np.std(found) / np.sqrt(30)

    def test_the_card_says_what_the_spec_says(self, attack):
        card = (CARDS / f"{attack.spec.id}.md").read_text(encoding="utf-8")
        table = dict(re.findall(r"^\| (\w+) \| (.+) \|$", card, flags=re.MULTILINE))
        spec = attack.spec
        assert card.startswith(f"# {spec.title}\n")
        assert table["id"] == f"`{spec.id}`"
        assert table["access"].startswith(f"`{spec.access}`")
        assert table["cost"].startswith(f"`{spec.cost}`")
        assert table["default"].startswith("yes" if spec.default else "no")
        assert table["reference"] == spec.reference
        assert spec.summary in card.replace("\n", " ")

    def test_the_card_answers_the_reviewer(self, attack):
        card = (CARDS / f"{attack.spec.id}.md").read_text(encoding="utf-8")
        assert re.findall(r"^## (.+)$", card, flags=re.MULTILINE) == [
            "Threat model",
            "Statistic",
            "Assumptions",
            "How to read it",
            "What a pass does not mean",
        ]

    def test_the_spec_reads_well(self, attack):
        spec = attack.spec
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", spec.id)
        assert spec.summary.endswith(".")
        assert not spec.title.endswith(".")
        assert len(spec.reference) > 10


@pytest.mark.parametrize("attack", REFERENCE_ATTACKS.values(), ids=lambda a: a.spec.id)
class TestEveryReferenceAttack:
    def test_the_order_of_the_references_does_not_matter(self, attack, signals):
        order = np.random.default_rng(2).permutation(K)
        shuffled = {
            name: value[order] for name, value in arrays(signals).items() if name.startswith("reference")
        }
        score = attack.score(fresh(signals, **shuffled), CONTEXT)
        np.testing.assert_allclose(score, attack.score(fresh(signals), CONTEXT), rtol=1e-8, atol=1e-8)

    def test_references_are_read_one_by_one(self, attack, signals):
        lazy = fresh(
            signals,
            reference_logits=OneByOne(signals.reference_logits),
            reference_extras=OneByOne(signals.reference_extras),
        )
        np.testing.assert_array_equal(attack.score(lazy, CONTEXT), attack.score(fresh(signals), CONTEXT))

    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_few_references_give_a_score_or_nan(self, attack, signals, count):
        few = {name: value[:count] for name, value in arrays(signals).items() if name.startswith("reference")}
        score = attack.score(fresh(signals, **few), CONTEXT)
        assert score.shape == (N,)
        assert not np.isinf(score).any()
        if attack.spec.id in DEFINED_FOR_ALL:
            assert not np.isnan(score).any()

    @pytest.mark.parametrize("side", [True, False], ids=["all-in", "all-out"])
    def test_a_record_that_all_references_or_none_saw(self, attack, signals, side):
        inside = signals.reference_in.copy()
        inside[:, :10] = side
        score = attack.score(fresh(signals, reference_in=inside), CONTEXT)
        assert not np.isnan(score[10:]).any()
        if attack.spec.id in DEFINED_FOR_ALL:
            assert np.isfinite(score).all()

    @pytest.mark.parametrize("side", [True, False], ids=["all-in", "all-out"])
    def test_references_that_saw_everything_or_nothing(self, attack, signals, side):
        inside = np.full_like(signals.reference_in, side)
        score = attack.score(fresh(signals, reference_in=inside), CONTEXT)
        assert not np.isinf(score).any()
        online = Signal.REFERENCES_IN in attack.spec.needs
        if online or side:
            assert attack.spec.id == "base" or np.isnan(score).all()
        else:
            assert not np.isnan(score).any()

    def test_references_that_all_say_the_same(self, attack, signals):
        same = {
            "reference_logits": np.repeat(signals.reference_logits[:1], K, axis=0),
            "reference_extras": np.repeat(signals.reference_extras[:1], K, axis=0),
        }
        assert_finite(attack, attack.score(fresh(signals, **same), CONTEXT))
        flat = {name: np.zeros_like(value) for name, value in same.items()}
        assert_finite(attack, attack.score(fresh(signals, **flat), CONTEXT))

    def test_a_class_with_two_records(self, attack, signals):
        rows = np.flatnonzero(signals.label == 0)[:2]
        rest = np.flatnonzero(signals.label != 0)[:50]
        assert_finite(attack, attack.score(take(signals, np.concatenate([rows, rest])), CONTEXT))

    def test_the_references_alone_give_nothing_away(self, attack, signals):
        """Target and references that treat IN and OUT alike: the score is no better than chance."""
        rng = np.random.default_rng(11)
        alike = {
            "target_logits": rng.normal(size=signals.target_logits.shape),
            "reference_logits": rng.normal(size=signals.reference_logits.shape).astype(np.float32),
            "target_extras": rng.normal(size=signals.target_extras.shape),
            "reference_extras": rng.normal(size=signals.reference_extras.shape).astype(np.float32),
        }
        score = attack.score(fresh(signals, **alike), CONTEXT)
        found = roc_auc_score(signals.member, score)
        n_members = int(signals.member.sum())
        spread = np.sqrt((N + 1) / (12 * n_members * (N - n_members)))
        assert abs(found - 0.5) < 4 * spread


class OneByOne:
    """References that can only be had one at a time."""

    def __init__(self, values: np.ndarray):
        self._values = values

    def __len__(self):
        return len(self._values)

    def __getitem__(self, k):
        if not isinstance(k, int):
            raise TypeError("one reference at a time")
        return self._values[k]


def test_cards_and_attacks_match_one_to_one():
    """The extraction cards are read in ``tests/attacks/extraction/attacks/test_every_attack.py``."""
    assert not set(membership_attacks()) & set(extraction_attacks())
    cards = {path.stem for path in CARDS.glob("*.md")} - {"README"}
    assert cards == {*membership_attacks(), *extraction_attacks()}


def test_an_id_is_registered_once():
    with pytest.raises(ValueError, match="registered twice"):
        register(membership_attacks()["loss"].spec)(lambda signals, _: signals.target_logits[:, 0])
