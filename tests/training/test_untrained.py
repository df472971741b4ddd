import torch

from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.trainer import train
from privaudit.training.untrained import initial_network


def test_the_initial_network_is_the_one_that_training_begins_with():
    # NOTE: with next to no learning rate the trained network is the one before training.
    recipe = Recipe.for_architecture("cnn", width=4, epochs=1, learning_rate=1e-30, optimizer="sgd")
    texts, labels = ["a b c", "c d e", "e f a"], torch.tensor([0, 1, 0]).numpy()
    trained = train(recipe, texts, labels, 2, run=TrainingRun(11))
    first = initial_network(recipe, len(trained.encoder.vocabulary), 2, 11)
    assert not first.training
    state = first.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in trained.module.state_dict().items())
    other = initial_network(recipe, len(trained.encoder.vocabulary), 2, 12).state_dict()
    assert not torch.equal(other["head.weight"], state["head.weight"])
