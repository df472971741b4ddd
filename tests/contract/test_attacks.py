"""What every registered membership attack must keep, whatever it computes."""

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from privaudit.attacks.interface import AttackContext, Signal
from privaudit.attacks.registry import membership_attacks, register
from privaudit.attacks.signals import Signals
from privaudit.targets.interface import Head

CARDS = Path(__file__).parents[2] / "attacks"
REFERENCE_FREE = {k: a for k, a in membership_attacks().items() if Signal.REFERENCES not in a.spec.needs}
CONTEXT = AttackContext(seed=0)
LEAST_AUC = 0.6
N = 2000


def overfit_signals(n: int, classes: int, seed: int = 0) -> Signals:
    """A model that does better on its members by every measure; features are alike on both sides."""
    rng = np.random.default_rng(seed)
    member, label = rng.random(n) < 0.5, rng.integers(classes, size=n)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), label] += np.log(classes) + 2 + 2 * member
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
    assert attack.spec.id == "class-threshold" or not np.isnan(score).any()


def take(signals: Signals, rows) -> Signals:
    taken = {name: value[rows] for name, value in arrays(signals).items()}
    return fresh(signals, ids=[signals.ids[i] for i in rows], **taken)


@pytest.fixture(scope="module", params=[2, 150], ids=lambda c: f"C={c}")
def signals(request) -> Signals:
    return overfit_signals(N, request.param)


@pytest.mark.parametrize("attack", REFERENCE_FREE.values(), ids=lambda a: a.spec.id)
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

    def test_is_a_function_of_its_input(self, attack, signals):
        """Repeated, with a shared cache, and on read-only arrays: writing to one would raise."""
        first = attack.score(fresh(signals), CONTEXT)
        shared = fresh(signals)
        for other in REFERENCE_FREE.values():
            other.score(shared, CONTEXT)
        np.testing.assert_array_equal(attack.score(shared, CONTEXT), first)
        np.testing.assert_array_equal(attack.score(fresh(signals), CONTEXT), first)

    def test_does_not_depend_on_the_order_of_the_records(self, attack, signals):
        order = np.random.default_rng(1).permutation(N)
        permuted = attack.score(take(signals, order), CONTEXT)
        np.testing.assert_allclose(permuted, attack.score(fresh(signals), CONTEXT)[order], rtol=1e-9)

    def test_does_not_read_the_membership_of_what_it_scores(self, attack, signals):
        """Only calibration, whose records get NaN, may read it; no other attack reads any."""
        score = attack.score(fresh(signals), CONTEXT)
        flipped = np.where(np.isnan(score), signals.member, ~signals.member)
        np.testing.assert_array_equal(attack.score(fresh(signals, member=flipped), CONTEXT), score)

    @pytest.mark.parametrize("scale", [1e4, 1e-9])
    def test_saturated_and_flat_logits_give_finite_scores(self, attack, signals, scale):
        extreme = np.where(signals.target_logits > 0, scale, -scale)
        assert_finite(attack, attack.score(fresh(signals, target_logits=extreme), CONTEXT))

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
        for seed in range(30):
            unrelated = fresh(signals, member=rng.random(N) < 0.5)
            score = attack.score(unrelated, AttackContext(seed))
            scored = ~np.isnan(score)
            found.append(roc_auc_score(unrelated.member[scored], score[scored]))
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


def test_cards_and_attacks_match_one_to_one():
    assert {path.stem for path in CARDS.glob("*.md")} == set(membership_attacks())


def test_an_id_is_registered_once():
    with pytest.raises(ValueError, match="registered twice"):
        register(membership_attacks()["loss"].spec)(lambda signals, _: signals.target_logits[:, 0])
