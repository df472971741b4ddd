"""Accuracy per epsilon beside Opacus: the same bag of words, records, noise, rate, steps and clip norm.

    python benchmarks/theory_practice.py                                # made-up messages
    python benchmarks/theory_practice.py DATA/snips/train.tsv --epsilons 8 2 --models 2

Each model is trained on a random half of the records, by privaudit and by Opacus (ghost clipping, norm 1),
and classifies the other half. The third accuracy is that of privaudit's default, automatic clipping, which
Opacus does not have. All epsilons with attacks: `privaudit sweep DATA --epsilon inf,16,8,4,2,1`.
"""

import argparse
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from privaudit.data.columns import Columns
from privaudit.data.demo import write_demo
from privaudit.data.duplicates import distinct
from privaudit.training.architectures import build
from privaudit.training.division import class_list, read_undivided
from privaudit.training.loop import TrainingRun
from privaudit.training.private.claim import PrivacyRequest, private_recipe
from privaudit.training.private.sampling import PoissonBatches
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import SeedStream, seeded_torch
from privaudit.training.text import HashedVocabulary, WordEncoder
from privaudit.training.trainer import accuracy, predict, train

ROWS = 4096


@dataclass(frozen=True)
class Halves:
    """What one model is trained and tested on."""

    inside: list[str]
    inside_labels: np.ndarray
    outside: list[str]
    outside_labels: np.ndarray
    classes: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--epsilons", nargs="+", type=float, default=[8.0, 2.0])
    parser.add_argument("--models", type=int, default=2)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="opacus")
    torch.set_num_threads(1)
    print("epsilon  noise   steps  accuracy, mean of models: privaudit  Opacus  (automatic)  seconds a model")
    for epsilon in options.epsilons:
        compare(options.data, epsilon, options.models)


def compare(path: Path | None, epsilon: float, models: int) -> None:
    """One line: the same mechanism in both programs."""
    found: dict[str, list[float]] = {"privaudit": [], "opacus": [], "automatic": []}
    seconds = dict.fromkeys(found, 0.0)
    for seed in range(models):
        halves = read(path, seed)
        ordinary = Recipe.for_architecture("bow", private=True, vocabulary=f"hash:{ROWS}")
        n = len(halves.inside)
        automatic = private_recipe(ordinary, PrivacyRequest(epsilon=epsilon), n)
        fixed = private_recipe(ordinary, PrivacyRequest(epsilon=epsilon, clip_norm=1.0), n)
        for name, run, recipe in (
            ("privaudit", ours, fixed), ("opacus", theirs, fixed), ("automatic", ours, automatic)
        ):  # fmt: skip
            began = time.perf_counter()
            found[name].append(run(recipe, halves, seed))
            seconds[name] += (time.perf_counter() - began) / models
    privacy = fixed.privacy
    assert privacy is not None
    share = {name: float(np.mean(values)) for name, values in found.items()}
    print(
        f"{epsilon:7g}  {privacy.noise_multiplier:.4f}  {privacy.steps:5d}  {share['privaudit']:.3f}  "
        f"{share['opacus']:.3f}  ({share['automatic']:.3f})  "
        + ", ".join(f"{name} {value:.1f}" for name, value in seconds.items()),
        flush=True,
    )


def read(path: Path | None, seed: int) -> Halves:
    """The records without duplicates, halved by fair coins."""
    with tempfile.TemporaryDirectory() as folder:
        if path is None:
            path = Path(folder) / "messages.tsv"
            write_demo(path, n=4000)
        records = read_undivided(path, Columns())
    names = class_list(records)
    kept = records.select(distinct(records))
    labels = np.array([names.index(label) for label in kept.labels])
    inside = np.random.default_rng(seed).random(len(labels)) < 0.5
    texts = [
        [text for text, chosen in zip(kept.texts, part, strict=True) if chosen] for part in (inside, ~inside)
    ]
    return Halves(texts[0], labels[inside], texts[1], labels[~inside], len(names))


def ours(recipe: Recipe, halves: Halves, seed: int) -> float:
    """privaudit's trainer."""
    model = train(recipe, halves.inside, halves.inside_labels, halves.classes, run=TrainingRun(seed))
    return accuracy(model.logits(halves.outside), halves.outside_labels)


def theirs(recipe: Recipe, halves: Halves, seed: int) -> float:
    """The same network, first parameters and batches with Opacus' clipping, noise and optimiser."""
    from opacus.grad_sample import GradSampleModuleFastGradientClipping
    from opacus.optimizers import DPOptimizerFastGradientClipping
    from opacus.utils.fast_gradient_clipping_utils import DPLossFastGradientClipping

    privacy, encoder = recipe.privacy, WordEncoder(HashedVocabulary(ROWS), recipe.max_length)
    assert privacy is not None
    with seeded_torch(seed, SeedStream.INITIALISATION):
        network = build(recipe, ROWS + 2, halves.classes)
    module = GradSampleModuleFastGradientClipping(
        network.train(), max_grad_norm=privacy.clip_norm, use_ghost_clipping=True
    )
    torch.manual_seed(seed)
    optimizer = DPOptimizerFastGradientClipping(
        torch.optim.SGD(module.parameters(), lr=recipe.learning_rate),
        noise_multiplier=privacy.noise_multiplier,
        max_grad_norm=privacy.clip_norm,
        expected_batch_size=recipe.batch_size,
    )
    criterion = DPLossFastGradientClipping(module, optimizer, nn.CrossEntropyLoss(), loss_reduction="mean")
    batches = PoissonBatches(len(halves.inside), privacy.sample_rate, seed)
    encoded, labels = encoder.encode_all(halves.inside), torch.from_numpy(halves.inside_labels)
    for _ in range(privacy.steps):
        positions = batches.draw()
        (tokens,) = encoded.batch(positions)
        loss = criterion(module(tokens), labels[torch.from_numpy(positions)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return accuracy(predict(network, encoder.encode_all(halves.outside)), halves.outside_labels)


if __name__ == "__main__":
    main()
