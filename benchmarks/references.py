"""References against the loop that anyone would write, per architecture, in one run.

    python benchmarks/references.py                                    # made-up messages
    python benchmarks/references.py DATA/snips/train.tsv --records 5452
    python benchmarks/references.py --references 16 --architectures bow cnn

The loop trains one model after another with ``torch.optim.Adam`` and its defaults on all threads, pads each
batch from lists of numbers, and scores all records in order. Ours is the process back end with one worker per
core, from the start of the workers to the last output. The loop's models are timed before and after ours,
because other work on the machine changes; a ratio is per model. Wall-clock time is only worth something on
an idle machine: threads that wait for each other suffer most from other work. With ``--loop-threads 1`` the
ratio of processor time holds on a busy one too.
"""

import argparse
import os
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
from privaudit.training.references.learners.halves import half_of
from privaudit.training.references.learners.recipe_learner import RecipeLearner
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.references.training_modes import choose_mode
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
    parser.add_argument("--loop-threads", type=int, help="all by default")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--architectures", nargs="+", choices=sorted(LEAST), default=list(LEAST))
    options = parser.parse_args()
    population = read(options.data, options.records)
    cores = usable_cores()
    torch.set_num_threads(options.loop_threads or cores)
    length = np.mean([len(list(words(text))) for text in population.texts])
    print(
        f"{len(population):,} records of {length:.1f} words, {population.n_classes} classes, "
        f"{options.references} references, {cores} cores, torch {torch.__version__}"
    )
    slow = []
    for architecture in options.architectures:
        recipe = Recipe.for_architecture(architecture, epochs=options.epochs)
        plan = ReferencePlan(RecipeLearner(recipe), population, population, online=True, seed=0)
        loop = [one_by_one(plan, k) for k in range(options.loop_models)]
        ours = together(plan, options.references, cores)
        loop += [one_by_one(plan, k) for k in range(options.loop_models)]
        wall, processor = (sum(spent[i] for spent in loop) / len(loop) for i in range(2))
        ratios = wall / ours[0], processor / ours[1]
        mode = choose_mode(recipe, "cpu")
        print(
            f"{architecture:12s} ms a model: loop {1e3 * wall:8.1f}, ours {1e3 * ours[0]:7.1f} ({mode.mode} "
            f"by {mode.block_size}): {ratios[0]:5.2f} x (at least {LEAST[architecture]:g}); processor time "
            f"{1e3 * processor:8.1f} and {1e3 * ours[1]:7.1f}: {ratios[1]:5.2f} x",
            flush=True,
        )
        slow += [architecture] if ratios[0] < LEAST[architecture] else []
    print(f"load averages {', '.join(f'{load:.1f}' for load in os.getloadavg())} over 1, 5 and 15 minutes")
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


def together(plan: ReferencePlan, references: int, workers: int) -> tuple[float, float]:
    """Wall-clock and processor time per reference on ``workers`` processes, their start included."""
    size = plan.learner.block_size
    blocks = [tuple(range(k, min(k + size, references))) for k in range(0, references, size)]
    began = clocks()
    outputs = list(ProcessBackend(workers).run(plan, blocks))
    wall, processor = (after - before for before, after in zip(began, clocks(), strict=True))
    if len(outputs) != references:
        raise RuntimeError("references are missing")
    return wall / references, processor / references


def clocks() -> tuple[float, float]:
    """Wall clock, and processor time of this process and of those it started and that have ended."""
    spent = os.times()
    return time.perf_counter(), spent.user + spent.system + spent.children_user + spent.children_system


def one_by_one(plan: ReferencePlan, index: int) -> tuple[float, float]:
    """Wall-clock and processor time of the loop's model ``index``, from texts to scores."""
    half = half_of(plan, index)
    recipe = plan.learner.recipe
    began = clocks()
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
    wall, processor = (after - before for before, after in zip(began, clocks(), strict=True))
    return wall, processor


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
