import math

import numpy as np
import pytest
import torch

from privaudit.errors import UsageError
from privaudit.training.loop import TrainingRun, batched, learning_rate_factor
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import SeedStream, derive, epoch_order, seeded_torch
from privaudit.training.text import UNKNOWN, Vocabulary
from privaudit.training.trainer import Labelled, accuracy, mean_loss, train

NAMES = ["bow", "cnn", "bilstm", "transformer"]


class Steps:
    """Progress that remembers what it was told."""

    def __init__(self):
        self.total, self.done, self.notes = 0, 0, []

    def start(self, task, total):
        assert task == "training"
        self.total = total

    def advance(self, units=1, note=""):
        self.done += units
        self.notes.append(note)


def fitted(recipe, corpus, vocabulary=None, validation=None, **run):
    return train(
        recipe,
        corpus.texts,
        corpus.labels,
        3,
        vocabulary=vocabulary,
        validation=validation,
        run=TrainingRun(**run),
    )


def weights(trained):
    return torch.cat([p.flatten() for p in trained.module.state_dict().values()])


@pytest.mark.parametrize("embeddings", ["words", "both"])
@pytest.mark.parametrize("name", NAMES)
def test_learns_what_generalises(name, embeddings, corpus, unseen, tiny):
    trained = fitted(tiny(name, epochs=8, embeddings=embeddings), corpus)
    assert not trained.module.training
    assert accuracy(trained.logits(unseen.texts), unseen.labels) > 0.95
    assert trained.history.epochs[-1].loss < trained.history.epochs[0].loss


def test_spelling_alone_learns_too(corpus, unseen, tiny):
    trained = fitted(tiny("bow", epochs=12, embeddings="characters"), corpus)
    assert accuracy(trained.logits(unseen.texts), unseen.labels) > 0.8


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_one_model_bit_for_bit(name, dropout, corpus, tiny):
    recipe = tiny(name, dropout=dropout, epochs=2)
    first = fitted(recipe, corpus, seed=3)
    torch.rand(7)
    np.random.default_rng().random(3)
    again = fitted(recipe, corpus, seed=3)
    other = fitted(recipe, corpus, seed=4)
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


def test_the_seed_of_the_recipe_holds_unless_another_is_given(corpus, tiny):
    assert torch.equal(weights(fitted(tiny(seed=5), corpus)), weights(fitted(tiny(), corpus, seed=5)))


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_threads_matters_in_the_last_bits_at_most(name, corpus, tiny):
    recipe = tiny(name, width=64, batch_size=64, epochs=1, optimizer="sgd")
    one = fitted(recipe, corpus)
    torch.set_num_threads(3)
    torch.testing.assert_close(weights(one), weights(fitted(recipe, corpus)), atol=1e-6, rtol=1e-4)


def test_training_leaves_the_global_generator_alone(corpus, tiny):
    torch.manual_seed(1)
    expected = torch.rand(4)
    torch.manual_seed(1)
    fitted(tiny(dropout=0.5), corpus)
    assert torch.equal(torch.rand(4), expected)


def test_a_shorter_run_is_the_beginning_of_a_longer_one(corpus, tiny):
    recipe = tiny(dropout=0.2, epochs=4)
    short = fitted(recipe.model_copy(update={"stop_after": 2}), corpus)
    assert torch.equal(weights(short), weights(fitted(tiny(dropout=0.2, epochs=2), corpus)))
    long = fitted(recipe, corpus)
    assert [epoch.loss for epoch in long.history.epochs[:2]] == [epoch.loss for epoch in short.history.epochs]


def test_no_time_left_still_trains_one_whole_epoch(corpus, tiny):
    timed = fitted(tiny(epochs=50), corpus, max_seconds=0.0)
    assert timed.history.stopped == "time"
    assert len(timed.history.epochs) == 1
    assert timed.history.kept == 1
    assert torch.equal(weights(timed), weights(fitted(tiny(epochs=1), corpus)))


def test_stop_after_repeats_a_timed_run_with_its_schedule(corpus, tiny):
    recipe = tiny(epochs=50, decay="linear", warmup=0.1)
    timed = fitted(recipe, corpus, max_seconds=0.0)
    again = fitted(recipe.model_copy(update={"stop_after": 1}), corpus)
    assert torch.equal(weights(timed), weights(again))


def test_progress_counts_every_step(corpus, tiny):
    steps = Steps()
    trained = fitted(tiny(epochs=3), corpus, progress=steps)
    assert steps.done == steps.total == trained.history.steps == 3 * math.ceil(len(corpus.texts) / 16)
    assert steps.notes[0] == "epoch 1/3"
    assert steps.notes[-1].startswith("epoch 3/3, loss ")


def test_sgd_and_adam_differ_from_each_other_and_match_torchs_own(corpus, tiny):
    for name, optimizer in (("sgd", torch.optim.SGD), ("adam", torch.optim.Adam)):
        recipe = tiny(optimizer=name, epochs=1)
        trained = fitted(recipe, corpus)
        module = fitted(tiny(optimizer=name, epochs=1, learning_rate=1e-30), corpus).module
        oracle = optimizer(module.parameters(), lr=recipe.learning_rate)
        encoded = trained.encoder.encode_all(corpus.texts)
        for batch in batched(epoch_order(0, 0, len(corpus.texts)), 16):
            loss = torch.nn.functional.cross_entropy(
                module(*encoded.batch(batch)), torch.from_numpy(corpus.labels[batch])
            )
            oracle.zero_grad()
            loss.backward()
            oracle.step()
        torch.testing.assert_close(
            weights(trained), torch.cat([p.flatten() for p in module.state_dict().values()])
        )


def test_weight_decay_shrinks_the_parameters(corpus, tiny):
    free, decayed = fitted(tiny(), corpus), fitted(tiny(weight_decay=1.0), corpus)
    assert weights(decayed).norm() < 0.95 * weights(free).norm()


def test_dropout_keeps_the_training_loss_up(corpus, tiny):
    free, dropped = fitted(tiny(epochs=8), corpus), fitted(tiny(epochs=8, dropout=0.6), corpus)
    assert dropped.history.epochs[-1].loss > 2 * free.history.epochs[-1].loss


def test_gradient_clipping_limits_a_step(corpus, tiny):
    recipe = tiny(optimizer="sgd", learning_rate=1.0, epochs=1, batch_size=1000)
    start = weights(fitted(recipe.model_copy(update={"learning_rate": 1e-30}), corpus))
    clipped = fitted(recipe.model_copy(update={"clip_gradient": 1e-3}), corpus)
    assert float((weights(clipped) - start).norm()) == pytest.approx(1e-3, rel=1e-2)
    assert float((weights(fitted(recipe, corpus)) - start).norm()) > 1e-2


def test_early_stopping_keeps_the_best_epoch(corpus, tiny):
    rng = np.random.default_rng(9)
    noise = Labelled(corpus.texts[:60], rng.integers(0, 3, 60))
    recipe = tiny(epochs=40, learning_rate=0.05, early_stopping=True, patience=2)
    stopped = fitted(recipe, corpus, validation=noise)
    history = stopped.history
    losses = [epoch.validation_loss for epoch in history.epochs]
    assert history.stopped == "validation"
    assert history.kept == int(np.argmin(losses)) + 1
    assert len(history.epochs) == history.kept + 2 < 40
    assert mean_loss(stopped.logits(noise.texts), noise.labels) == pytest.approx(min(losses), rel=1e-6)
    assert torch.equal(
        weights(stopped), weights(fitted(tiny(epochs=history.kept, learning_rate=0.05), corpus))
    )


def test_early_stopping_needs_a_validation_part(corpus, tiny):
    with pytest.raises(ValueError, match="validation"):
        fitted(tiny(early_stopping=True), corpus)


def test_a_watched_run_without_early_stopping_is_the_same_model(corpus, unseen, tiny):
    recipe = tiny("transformer", dropout=0.1)
    watched = fitted(recipe, corpus, validation=unseen)
    assert all(epoch.validation_loss is not None for epoch in watched.history.epochs)
    assert torch.equal(weights(watched), weights(fitted(recipe, corpus)))


def test_a_diverging_run_says_what_to_lower(corpus, tiny):
    recipe = tiny("cnn", optimizer="sgd", learning_rate=1e20)
    with pytest.raises(UsageError, match=r"Lower the learning rate \(--lr, now 1e\+20\)") as caught:
        fitted(recipe, corpus)
    assert "\n" not in str(caught.value)


def test_the_vocabulary_comes_from_the_texts_or_as_given(corpus, tiny):
    assert fitted(tiny(epochs=1), corpus).encoder.vocabulary == Vocabulary.from_texts(corpus.texts)
    given = fitted(tiny(epochs=1), corpus, vocabulary=Vocabulary(("rain",)))
    assert given.module.embedding.words.num_embeddings == 3
    assert given.encoder.vocabulary.number("play") == UNKNOWN
    rare = fitted(tiny(epochs=1, min_frequency=10**6), corpus)
    assert rare.encoder.vocabulary.known == ()


def test_truncation_is_counted_and_long_texts_are_cut(corpus, tiny):
    texts = [*corpus.texts, "rain " * 1000]
    trained = train(tiny(max_length=20), texts, np.append(corpus.labels, 1), 3)
    assert trained.truncated == 1
    torch.testing.assert_close(trained.logits(["rain " * 1000]), trained.logits(["rain " * 20]))


def test_logits_are_in_the_order_of_the_texts(corpus, tiny):
    trained = fitted(tiny("bilstm"), corpus)
    one_by_one = torch.cat([trained.logits([text]) for text in corpus.texts[:40]])
    torch.testing.assert_close(trained.logits(corpus.texts[:40]), one_by_one, atol=1e-5, rtol=0)


def test_a_class_without_a_text_is_allowed(corpus, tiny):
    trained = train(tiny(), corpus.texts, corpus.labels, 5)
    assert trained.logits(["rain"]).shape == (1, 5)
    assert trained.parameters == sum(p.numel() for p in trained.module.parameters())


def test_streams_and_steps_do_not_collide():
    seeds = {derive(seed, stream, i) for seed in range(5) for stream in SeedStream for i in range(50)}
    assert len(seeds) == 5 * len(SeedStream) * 50
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_epoch_order_is_a_fresh_permutation_that_nothing_else_decides():
    orders = [epoch_order(1, epoch, 100) for epoch in range(3)]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert not np.array_equal(orders[0], orders[1])
    np.testing.assert_array_equal(orders[2], epoch_order(1, 2, 100))


def test_seeded_torch_draws_the_same_inside_and_restores_outside():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    with seeded_torch(1, SeedStream.INITIALISATION):
        first = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with seeded_torch(1, SeedStream.INITIALISATION):
        assert torch.equal(torch.rand(3), first)


def test_learning_rate_rises_and_falls():
    recipe = Recipe.for_architecture("bow", warmup=0.2, decay="linear")
    factors = [learning_rate_factor(recipe, step, 10) for step in range(10)]
    assert factors == pytest.approx([0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125])
    constant = Recipe.for_architecture("bow")
    assert {learning_rate_factor(constant, step, 10) for step in range(10)} == {1.0}
