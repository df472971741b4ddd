"""References against the loop that anyone would write, per architecture, in one run.

    python benchmarks/references.py                                    # made-up messages
    python benchmarks/references.py DATA/snips/train.tsv --records 5452
    python benchmarks/references.py --references 16 --architectures bow cnn

The loop trains one model after another with ``torch.optim.Adam`` and its defaults on all threads, pads each batch
from lists of numbers, and scores all records in order. Ours is the process back end with one worker per core, from
the start of the workers to the last output. The loop's models are timed before and after ours, because
other work on the machine changes; a ratio is per model. ``--trace`` also counts what a step costs.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from privaudit.data.demo import write_demo
from privaudit.data.readers import read_records
from privaudit.training.architectures import build
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.process import ProcessBackend, usable_cores
from privaudit.training.references.halves import half_of
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.references.ways import way_of
from privaudit.training.references.word_learner import RecipeLearner
from privaudit.training.text import words

LEAST = {"bow": 5.0, "cnn": 2.0, "bilstm": 1.4, "transformer": 1.5}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--records", type=int, default=5000)
    parser.add_argument("--references", type=int, default=64)
    parser.add_argument("--loop-models", type=int, default=2, help="before ours, and as many after")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--architectures", nargs="+", choices=sorted(LEAST), default=list(LEAST))
    options = parser.parse_args()
    population = read(options.data, options.records)
    cores = usable_cores()
    length = np.mean([len(list(words(text))) for text in population.texts])
    print(
        f"{len(population):,} records of {length:.1f} words, {population.n_classes} classes, "
        f"{options.references} references, {cores} cores, torch {torch.__version__}"
    )
    slow = []
    for architecture in options.architectures:
        recipe = Recipe.for_architecture(architecture, epochs=options.epochs)
        plan = ReferencePlan(RecipeLearner(recipe), population, population, online=True, seed=0)
        loop = [seconds(plan, k) for k in range(options.loop_models)]
        ours = ours_seconds(plan, options.references, cores)
        loop += [seconds(plan, k) for k in range(options.loop_models)]
        per_model, reached = np.mean(loop), np.mean(loop) * options.references / ours
        way = way_of(recipe, "cpu")
        print(
            f"{architecture:12s} loop {1e3 * per_model:8.1f} ms a model ({1e3 * min(loop):.1f} to "
            f"{1e3 * max(loop):.1f}), ours {1e3 * ours / options.references:7.1f} ({way.way} by "
            f"{way.block_size}): {reached:5.2f} x (at least {LEAST[architecture]:g})",
            flush=True,
        )
        slow += [architecture] if reached < LEAST[architecture] else []
    sys.exit(bool(slow))


def read(path: Path | None, limit: int) -> Population:
    """``limit`` records of ``path``, or as many made-up ones, in a fixed random order."""
    with tempfile.TemporaryDirectory() as folder:
        if path is None:
            path = Path(folder) / "messages.tsv"
            write_demo(path, n=limit)
        records = read_records(path)
    chosen = np.random.default_rng(0).permutation(len(records))[:limit]
    names = sorted(set(records.labels))
    labels = np.array([names.index(records.labels[i]) for i in chosen])
    return Population([records.texts[i] for i in chosen], labels, len(names))


def ours_seconds(plan: ReferencePlan, references: int, workers: int) -> float:
    """Wall-clock time of ``references`` references on ``workers`` processes, their start included."""
    size = plan.learner.block_size
    blocks = [tuple(range(k, min(k + size, references))) for k in range(0, references, size)]
    began = time.perf_counter()
    outputs = list(ProcessBackend(workers).run(plan, blocks))
    spent = time.perf_counter() - began
    if len(outputs) != references:
        raise RuntimeError("references are missing")
    return spent


def seconds(plan: ReferencePlan, index: int) -> float:
    """Wall-clock time of the loop's model ``index``, from texts to scores."""
    half = half_of(plan, index)
    recipe = plan.learner.recipe
    began = time.perf_counter()
    texts = [plan.pool.texts[i] for i in half.train]
    labels = torch.from_numpy(plan.pool.labels[half.train])
    counts = Counter(word for text in texts for word in words(text))
    number = {word: i for i, (word, _) in enumerate(counts.most_common(), start=2)}
    model = build(recipe, len(number) + 2, plan.pool.n_classes)
    fit(model, [encode(text, number) for text in texts], labels, recipe)
    scored = [encode(text, number) for text in plan.scored.texts]
    model.eval()
    with torch.no_grad():
        for start in range(0, len(scored), recipe.batch_size):
            model(pad(scored[start : start + recipe.batch_size]))
    return time.perf_counter() - began


def encode(text: str, number: dict[str, int]) -> list[int]:
    return [number.get(word, 1) for word in words(text)] or [1]


def pad(rows: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


def fit(model: nn.Module, rows: list[list[int]], labels: torch.Tensor, recipe: Recipe) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    model.train()
    for _ in range(recipe.epochs):
        order = torch.randperm(len(rows))
        for batch in order.split(recipe.batch_size):
            loss = functional.cross_entropy(model(pad([rows[i] for i in batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


if __name__ == "__main__":
    main()
