import numpy as np
import pytest
import torch

from privaudit.errors import UsageError
from privaudit.training.loop import TrainingRun
from privaudit.training.references.corpus import Corpus
from privaudit.training.references.stacked.steps import ROUND, Batches
from privaudit.training.references.stacked.train import train_stack
from privaudit.training.references.training_modes import can_stack
from privaudit.training.seeds import epoch_order
from privaudit.training.trainer import TrainingSet, logits_and_squares, train_network

NAMES = ["bow", "cnn", "transformer"]
SEEDS = [11, 12, 13]


@pytest.fixture(scope="module")
def words(corpus):
    return Corpus.of([*corpus.texts, "", "zebra"], max_length=6)


@pytest.fixture(scope="module")
def labels(corpus):
    return np.append(corpus.labels, [0, 2])


@pytest.fixture(scope="module")
def halves(words):
    """Parts of three sizes: the models make different numbers of steps."""
    rng = np.random.default_rng(0)
    return [np.sort(rng.permutation(len(words))[:size]) for size in (90, 70, 33)]


def training_set(words, labels, half, recipe):
    numbers, size = words.number(half, recipe.min_frequency)
    return TrainingSet(words.encode(numbers, characters=False), half, labels, size, 3)


@pytest.fixture
def stacked(words, labels, halves):
    def make(recipe, chosen=(0, 1, 2)):
        sets = [training_set(words, labels, halves[k], recipe) for k in chosen]
        networks = train_stack(recipe, sets, [SEEDS[k] for k in chosen])
        return [logits(network, own.encoded) for network, own in zip(networks, sets, strict=True)]

    return make


@pytest.fixture
def alone(words, labels, halves):
    def make(recipe, k):
        own = training_set(words, labels, halves[k], recipe)
        module, _ = train_network(recipe, own, TrainingRun(SEEDS[k]))
        return logits(module, own.encoded)

    return make


def logits(module, encoded):
    return logits_and_squares(module, encoded, np.arange(len(encoded)))[0]


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"warmup": 0.2, "decay": "linear"},
        {"stop_after": 1},
        {"min_frequency": 3, "batch_size": 100},
        {"width": 18},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_the_plain_trainer(name, overrides, tiny, stacked, alone):
    recipe = tiny(name, **({"epochs": 2} | overrides))
    assert can_stack(recipe)
    for k, ours in enumerate(stacked(recipe)):
        torch.testing.assert_close(ours, alone(recipe, k), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_one_model_in_a_stack_is_the_same_up_to_rounding(name, tiny, stacked):
    recipe = tiny(name, epochs=2)
    together = stacked(recipe)
    for k in range(3):
        torch.testing.assert_close(stacked(recipe, (k,))[0], together[k], atol=1e-4, rtol=0)


@pytest.mark.parametrize("batch_size", [16, 21, 64])
@pytest.mark.parametrize("width", [18, 32, 50])
def test_a_bag_of_words_is_bit_for_bit_the_same_in_any_stack(width, batch_size, tiny, stacked):
    recipe = tiny("bow", epochs=3, width=width, batch_size=batch_size)
    together = stacked(recipe)
    for chosen in ((0,), (1,), (2,), (2, 0), (1, 2)):
        for k, ours in zip(chosen, stacked(recipe, chosen), strict=True):
            assert torch.equal(ours, together[k])


def test_a_diverging_stack_says_what_to_lower(tiny, stacked):
    with pytest.raises(UsageError, match=r"Lower the learning rate \(--lr, now 1e\+30\)"):
        stacked(tiny("bow", learning_rate=1e30, epochs=3))


@pytest.mark.parametrize("sizes", [(3,), (2, 5, 1)])
def test_steps_hold_each_text_once_per_epoch_in_the_models_order(words, labels, halves, sizes):
    halves = [half[: 10 * size] for half, size in zip(halves, sizes, strict=False)]
    encoded, first = [], [0]
    for half in halves:
        numbers, size = words.number(half, 1)
        encoded.append(words.encode(numbers, characters=False))
        first.append(first[-1] + size)
    batches = Batches(encoded, halves, labels, np.array(first[:-1]), SEEDS[: len(halves)], size=8)
    for epoch in range(2):
        steps = list(batches.epoch(epoch))
        assert len(steps) == max(-(-len(half) // 8) for half in halves)
        for k, half in enumerate(halves):
            expected = half[epoch_order(SEEDS[k], epoch, len(half))]
            found = [row for step in steps for row in rows_of_texts(step, k, len(halves))]
            own = [first[k] + encoded[k].tokens[slice(*encoded[k].offsets[i : i + 2])] for i in expected]
            assert [row.tolist() for row in found] == [row.tolist() for row in own]
            seen = [step.labels.reshape(len(halves), 16)[k, : step.sizes[k]] for step in steps]
            assert np.concatenate(seen).tolist() == labels[expected].tolist()


def rows_of_texts(step, model, models, places=16):
    """The table's rows of the words of each text of a model; checks the step's other indices on the way."""
    starts = np.concatenate(([0], np.cumsum(step.lengths)))
    assert (np.diff(step.rows) > 0).all()
    assert step.rows_of_models.sum() == len(step.rows)
    assert step.longest == step.lengths.max()
    for row in range(len(step.rows) + 1):
        users = step.by_row[step.row_offsets[row] : step.row_offsets[row + 1]]
        assert sorted(users) == np.flatnonzero(step.words == row).tolist()
    own = range(model * places, model * places + step.sizes[model])
    assert not step.lengths.reshape(models, places)[model, step.sizes[model] :].any()
    return [step.rows[step.words[starts[p] : starts[p + 1]] - 1] for p in own]


def test_filling_up_gives_every_model_as_many_words(words, labels, halves):
    encoded, first = [], [0]
    for half in halves:
        numbers, size = words.number(half, 1)
        encoded.append(words.encode(numbers, characters=False))
        first.append(first[-1] + size)
    for step in Batches(encoded, halves, labels, np.array(first[:-1]), SEEDS, size=8).epoch(0):
        filled = step.filled()
        lengths = filled.lengths.reshape(3, 17)
        assert len(set(lengths.sum(1).tolist())) == 1
        assert lengths[0].sum() % ROUND == 0
        assert lengths[:, :16].reshape(-1).tolist() == step.lengths.tolist()
        real = np.repeat(np.tile([True] * 16 + [False], 3), filled.lengths)
        assert filled.words[real].tolist() == step.words.tolist()
        assert not filled.words[~real].any()
        for row in range(len(step.rows) + 1):
            users = filled.by_row[filled.row_offsets[row] : filled.row_offsets[row + 1]]
            assert sorted(users) == np.flatnonzero(filled.words == row).tolist()
