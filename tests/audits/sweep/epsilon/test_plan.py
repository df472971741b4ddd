import math

import numpy as np
import pytest

from privaudit.audits.sweep.epsilon import plan_epsilon_sweep
from privaudit.audits.sweep.epsilon.plan import parse_epsilons
from privaudit.data.columns import Columns
from privaudit.errors import PrivauditError, UsageError
from privaudit.training.recipe import Recipe


def test_the_epsilons_keep_their_order():
    assert parse_epsilons("inf,16, 8,0.5") == (math.inf, 16.0, 8.0, 0.5)


@pytest.mark.parametrize("text", ["", "8,", "0", "-1", "nan", "eight", "8,8.0", "inf,inf"])
def test_what_is_no_epsilon_is_refused(text):
    with pytest.raises(UsageError, match="--epsilon"):
        parse_epsilons(text)


def test_all_epsilons_share_records_canaries_and_coins(epsilon_request_for):
    plan = plan_epsilon_sweep(epsilon_request_for())
    first, *others = plan.epsilons
    assert (plan.n_canaries, len(plan.pool)) == (60, plan.n_records + 60)
    assert len(set(plan.pool.texts)) == len(plan.pool)
    for planned in others:
        assert planned.models.pool is first.models.pool
        for index in range(3):
            assert np.array_equal(planned.models.inside(index), first.models.inside(index))
    assert len({planned.models.key() for planned in plan.epsilons}) == 3
    coins = np.stack([first.models.inside(index)[plan.n_records :] for index in range(40)])
    assert abs(coins.mean() - 0.5) < 0.04


def test_the_noise_keeps_each_epsilon_and_ordinary_training_has_none(epsilon_request_for):
    plan = plan_epsilon_sweep(epsilon_request_for())
    ordinary, *private = plan.epsilons
    assert ordinary.recipe.privacy is None
    assert ordinary.theory is None
    for planned in private:
        privacy = planned.recipe.privacy
        assert planned.theory.accounted <= planned.epsilon
        assert planned.theory.accounted > 0.98 * planned.epsilon
        assert privacy.sample_rate == pytest.approx(16 / (len(plan.pool) // 2))
        assert planned.recipe.vocabulary == ordinary.recipe.vocabulary == "hash:512"
    assert private[0].recipe.privacy.noise_multiplier < private[1].recipe.privacy.noise_multiplier


def test_theory_orders_its_three_curves(epsilon_request_for):
    for planned in plan_epsilon_sweep(epsilon_request_for()).epsilons[1:]:
        allowed = planned.theory.allowed
        assert 0.5 < allowed.auc_last_iterate < allowed.auc < allowed.auc_region < 1


def test_the_claim_is_the_same_whatever_the_coins(epsilon_request_for):
    plans = [plan_epsilon_sweep(epsilon_request_for(seed=seed, epsilons="2")) for seed in (0, 1)]
    assert plans[0].epsilons[0].recipe == plans[1].epsilons[0].recipe
    assert plans[0].epsilons[0].models.key() != plans[1].epsilons[0].models.key()


def test_a_list_of_words_is_named_by_its_digest(epsilon_request_for, tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\n".join(f"w{i}" for i in range(200)))
    plan = plan_epsilon_sweep(epsilon_request_for(vocabulary=str(path), epsilons="inf"))
    assert plan.epsilons[0].recipe.vocabulary.startswith("sha256:")
    assert plan.pool.texts[-1].split()[0] in {f"w{i}" for i in range(200)}


def test_few_records_have_no_fewer_than_twenty_canaries(epsilon_request_for):
    plan = plan_epsilon_sweep(epsilon_request_for(canaries=None, epsilons="inf"))
    assert plan.n_records < 200
    assert plan.n_canaries == 20


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"models": 0}, "--models"),
        ({"canaries": 19}, "--canaries"),
        ({"canaries": 10**6}, "--canaries"),
        ({"delta": 0.0}, "delta"),
        ({"delta": 0.5}, "--delta"),
        ({"clip_norm": -1.0}, "--clip"),
        ({"vocabulary": "hash:five"}, "--vocabulary"),
        ({"vocabulary": "hash:1"}, "--vocabulary"),
        ({"vocabulary": "missing.txt"}, "--vocabulary"),
        ({"columns": Columns(group="user")}, "one record"),
        ({"recipe": Recipe.for_architecture("bow", early_stopping=True)}, "--early-stopping"),
        ({"recipe": Recipe.for_architecture("hf:nowhere")}, "nowhere"),
    ],
)
def test_what_is_not_possible_is_refused_before_anything_is_trained(epsilon_request_for, changes, named):
    request = epsilon_request_for(**({"epsilons": "2"} | changes))
    with pytest.raises(PrivauditError) as caught:
        plan_epsilon_sweep(request)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not request.store.exists()
