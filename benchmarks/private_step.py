"""A private training step against a plain one: same network, optimiser and batch size, in one run.

    python benchmarks/private_step.py                                    # made-up messages
    python benchmarks/private_step.py DATA/snips/train.tsv
    python benchmarks/private_step.py DATA/snips/train.tsv --architectures bow cnn --peers none

A step is all of it: choosing and padding the batch, forward, gradients, clipping, noise, update. Plain steps
are those of ``privaudit train`` (fused optimiser, dense gradients), and for SGD also with sparse gradients of
the tables. All variants run in turns; a ratio is the private median over the plain median, each with the
number of threads, and plain also with the kind of gradient, that is best for it.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from privaudit.data.demo import write_demo
from privaudit.data.readers import read_records
from privaudit.training.architectures import build
from privaudit.training.loop import TrainingRun, fit
from privaudit.training.private.fit import fit_private
from privaudit.training.private.settings import PrivateTraining
from privaudit.training.recipe import Recipe
from privaudit.training.text import PAD, EncodedTexts, Vocabulary, WordEncoder

MOST = {"bow": 4.0, "cnn": 2.5, "bilstm": 2.0, "transformer": 1.6}
BATCH, LEARNING_RATE, NOISE, CLIP = 64, 0.01, 1.0, 1.0
WARM = 2
"""Steps at the beginning of a turn that are not counted."""

Run = Callable[["Clock"], None]


@dataclass(frozen=True)
class Task:
    """Texts, classes, and how to build a network for them."""

    encoded: EncodedTexts
    labels: Tensor
    words: int
    classes: int
    name: str

    def build(self) -> nn.Module:
        torch.manual_seed(0)
        if self.name == "bert":
            return tiny_bert(self.words, self.classes, int(np.diff(self.encoded.offsets).max()))
        return build(Recipe.for_architecture(self.name), self.words, self.classes)

    def losses(self, module: nn.Module, positions: np.ndarray, reduction: str = "none") -> Tensor:
        return functional.cross_entropy(
            self.logits(module, positions), self.labels[torch.from_numpy(positions)], reduction=reduction
        )

    def logits(self, module: nn.Module, positions: np.ndarray) -> Tensor:
        (tokens,) = self.encoded.batch(positions)
        if self.name == "bert":
            return module(input_ids=tokens, attention_mask=(tokens != PAD).long()).logits
        return module(tokens)


@dataclass
class Variant:
    """One way to make steps, and the seconds that its steps took."""

    name: str
    threads: int
    run: Run
    """Makes a turn's steps and calls the clock once in each."""
    steps: int
    """In a turn."""
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    """Seconds of processor time per step, of each turn."""

    def turn(self) -> None:
        torch.set_num_threads(self.threads)
        clock = Clock(self.steps)
        self.run(clock)
        self.seconds += clock.seconds
        self.processor.append(clock.processor)

    @property
    def milliseconds(self) -> float:
        return 1e3 * statistics.median(self.seconds)

    @property
    def processor_milliseconds(self) -> float:
        return 1e3 * statistics.median(self.processor)


class Clock:
    """Seconds from one call to the next: whole steps, wherever in the step the call is."""

    def __init__(self, steps: int) -> None:
        self.calls = WARM + steps + 1
        self.seconds: list[float] = []
        self.processor = 0.0
        self._last = 0.0
        self._call = 0

    def tick(self) -> None:
        now = time.perf_counter()
        if self._call > WARM:
            self.seconds.append(now - self._last)
        # NOTE: asking for processor time takes long, so it is asked for twice.
        if self._call == WARM:
            self.processor = -time.process_time()
            now = time.perf_counter()
        if self._call == self.calls - 1:
            self.processor = (self.processor + time.process_time()) / (self.calls - 1 - WARM)
        self._last = now
        self._call += 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--architectures", nargs="+", choices=[*MOST, "bert"], default=[*MOST, "bert"])
    parser.add_argument("--optimizers", nargs="+", choices=["sgd", "adam"], default=["sgd", "adam"])
    parser.add_argument("--peers", choices=["all", "none"], default="all")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--turns", type=int, default=12)
    options = parser.parse_args()
    # NOTE: of Opacus, about its hooks; torch reports them as warnings of whoever calls it.
    warnings.filterwarnings("ignore", message="Full backward hook|Using a non-full backward hook")
    warnings.filterwarnings("ignore", module="opacus")
    slow = []
    for architecture in options.architectures:
        task = read(options.data, architecture)
        for optimizer in options.optimizers:
            slow += compare(task, optimizer, options)
    print(f"load averages {', '.join(f'{load:.1f}' for load in os.getloadavg())} over 1, 5 and 15 minutes")
    sys.exit(bool(slow))


def read(path: Path | None, name: str) -> Task:
    with tempfile.TemporaryDirectory() as folder:
        if path is None:
            path = Path(folder) / "messages.tsv"
            write_demo(path, n=5000)
        records = read_records(path)
    names = sorted(set(records.labels))
    vocabulary = Vocabulary.from_texts(records.texts)
    encoded = WordEncoder(vocabulary).encode_all(records.texts)
    labels = torch.tensor([names.index(label) for label in records.labels])
    return Task(encoded, labels, len(vocabulary), len(names), name)


def compare(task: Task, optimizer: str, options: argparse.Namespace) -> list[str]:
    """Measure all variants in turns and print them; the architecture's name where the limit is exceeded."""
    variants, failures = make_variants(task, optimizer, options)
    for _ in range(options.turns):
        for variant in list(variants):
            try:
                variant.turn()
            except Exception as error:  # what a peer cannot do is part of the result
                variants.remove(variant)
                failures[variant.name] = f"{type(error).__name__}: {str(error).splitlines()[0][:90]}"
    best = best_of(variants, lambda v: v.milliseconds)
    thrifty = best_of(variants, lambda v: v.processor_milliseconds)
    print(f"\n{task.name}, {optimizer}, {task.words:,} words, {len(task.encoded):,} records")
    for variant in variants:
        spent = variant.milliseconds, variant.processor_milliseconds
        least = best["plain"].milliseconds, thrifty["plain"].processor_milliseconds
        print(
            f"  {variant.name:14s} {variant.threads} threads {spent[0]:9.3f} ms {spent[0] / least[0]:7.2f} x,"
            f" processor {spent[1]:9.3f} ms {spent[1] / least[1]:7.2f} x"
            + (" best" if variant in best.values() else "")
        )
    for name, reason in failures.items():
        print(f"  {name:14s} does not run: {reason}")
    ratio = best["private"].milliseconds / best["plain"].milliseconds
    processor = thrifty["private"].processor_milliseconds / thrifty["plain"].processor_milliseconds
    limit = MOST.get(task.name)
    print(
        f"  private / plain: {ratio:.2f}, processor time {processor:.2f}"
        + (f" (at most {limit:g})" if limit else ""),
        flush=True,
    )
    return [task.name] if optimizer == "sgd" and limit is not None and ratio > limit else []


def best_of(variants: list[Variant], cost: Callable[[Variant], float]) -> dict[str, Variant]:
    """The cheapest variant of each kind; dense and sparse are one kind."""
    best: dict[str, Variant] = {}
    for variant in sorted(variants, key=cost):
        best.setdefault(variant.name.split(",")[0], variant)
    return best


def make_variants(
    task: Task, optimizer: str, options: argparse.Namespace
) -> tuple[list[Variant], dict[str, str]]:
    makers: dict[str, Callable[[Task, str], Run]] = {"plain, dense": plain}
    if optimizer == "sgd":
        makers["plain, sparse"] = sparse
    makers["private"] = private
    if options.peers == "all":
        makers |= {
            "opacus hooks": partial(opacus, ghost=False),
            "opacus ghost": partial(opacus, ghost=True),
            "naive loop": naive,
        }
    variants, failures = [], {}
    for name, make in makers.items():
        for threads in options.threads:
            try:
                peer = name not in ("plain, dense", "plain, sparse", "private")
                variants.append(Variant(name, threads, make(task, optimizer), 3 if peer else 30))
            except Exception as error:
                failures[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:90]}"
    return variants, failures


def plain(task: Task, optimizer: str) -> Run:
    """The project's trainer, as it is."""
    module, rng = task.build(), np.random.default_rng(0)

    def run(clock: Clock) -> None:
        chosen = rng.permutation(len(task.encoded))[: clock.calls * BATCH]
        recipe = Recipe(
            architecture="bow", epochs=1, batch_size=BATCH, learning_rate=LEARNING_RATE, optimizer=optimizer
        )

        def step_loss(batch: np.ndarray) -> Tensor:
            clock.tick()
            return task.losses(module, chosen[batch], "mean")

        fit(module, recipe, len(chosen), step_loss, TrainingRun(int(rng.integers(1 << 30))))

    return run


def sparse(task: Task, optimizer: str) -> Run:
    """SGD that touches the rows of a batch only."""
    del optimizer
    module, rng = task.build(), np.random.default_rng(0)
    tables = [m for m in module.modules() if isinstance(m, nn.Embedding)]
    for table in tables:
        table.sparse = True
    sparse_ones = {id(table.weight) for table in tables}
    both = [
        torch.optim.SGD([p for p in module.parameters() if id(p) in sparse_ones], lr=LEARNING_RATE),
        torch.optim.SGD(
            [p for p in module.parameters() if id(p) not in sparse_ones], lr=LEARNING_RATE, fused=True
        ),
    ]

    def step(batch: np.ndarray) -> None:
        loss = task.losses(module, batch, "mean")
        for one in both:
            one.zero_grad()
        loss.backward()
        for one in both:
            one.step()

    return own_loop(task, step, rng)


def private(task: Task, optimizer: str) -> Run:
    """The project's private trainer, as it is."""
    module, rng = task.build(), np.random.default_rng(0)
    n = len(task.encoded)
    words = [m for m in module.modules() if isinstance(m, nn.Embedding) and m.num_embeddings == task.words]

    def run(clock: Clock) -> None:
        privacy = PrivateTraining(
            noise_multiplier=NOISE, sample_rate=BATCH / n, steps=clock.calls, clip_norm=CLIP
        )
        recipe = Recipe(
            architecture="bow",
            batch_size=BATCH,
            learning_rate=LEARNING_RATE,
            optimizer=optimizer,
            privacy=privacy,
        )

        def losses(positions: np.ndarray) -> Tensor:
            clock.tick()
            return task.losses(module, positions)

        seed = int(rng.integers(1 << 30))
        fit_private(module, recipe, n, losses, TrainingRun(seed), tables=words)

    return run


def own_loop(task: Task, step: Callable[[np.ndarray], None], rng: np.random.Generator) -> Run:
    def run(clock: Clock) -> None:
        order = rng.permutation(len(task.encoded))
        for k in range(clock.calls):
            clock.tick()
            step(order[k * BATCH % (len(order) - BATCH) :][:BATCH])

    return run


def opacus(task: Task, optimizer: str, *, ghost: bool) -> Run:
    """Opacus with its own optimiser; ``nn.LSTM`` replaced by its ``DPLSTM``."""
    from opacus.grad_sample import GradSampleModule, GradSampleModuleFastGradientClipping
    from opacus.optimizers import DPOptimizer, DPOptimizerFastGradientClipping
    from opacus.utils.fast_gradient_clipping_utils import DPLossFastGradientClipping
    from opacus.validators import ModuleValidator

    module = ModuleValidator.fix(task.build().train())
    if ghost:
        wrapped = GradSampleModuleFastGradientClipping(module, max_grad_norm=CLIP, use_ghost_clipping=True)
    else:
        wrapped = GradSampleModule(module)
    kind = torch.optim.SGD if optimizer == "sgd" else torch.optim.AdamW
    inner = kind(wrapped.parameters(), lr=LEARNING_RATE, fused=True)
    outer = DPOptimizerFastGradientClipping if ghost else DPOptimizer
    stepper = outer(inner, noise_multiplier=NOISE, max_grad_norm=CLIP, expected_batch_size=BATCH)
    criterion = nn.CrossEntropyLoss()
    if ghost:
        criterion = DPLossFastGradientClipping(wrapped, stepper, criterion, loss_reduction="mean")

    def step(batch: np.ndarray) -> None:
        loss = criterion(task.logits(wrapped, batch), task.labels[torch.from_numpy(batch)])
        stepper.zero_grad()
        loss.backward()
        stepper.step()

    return own_loop(task, step, np.random.default_rng(0))


def naive(task: Task, optimizer: str) -> Run:
    """One backward pass per example."""
    module = task.build()
    parameters = list(module.parameters())
    kind = torch.optim.SGD if optimizer == "sgd" else torch.optim.AdamW
    stepper = kind(parameters, lr=LEARNING_RATE, fused=True)

    def step(batch: np.ndarray) -> None:
        total = [torch.zeros_like(p) for p in parameters]
        for i in range(len(batch)):
            loss = task.losses(module, batch[i : i + 1], "sum")
            found = torch.autograd.grad(loss, parameters)
            norm = torch.stack([g.square().sum() for g in found]).sum().sqrt()
            torch._foreach_add_(total, torch._foreach_mul(found, float((CLIP / norm).clamp(max=1))))
        for p, gradient in zip(parameters, total, strict=True):
            p.grad = gradient.add_(torch.randn_like(p), alpha=NOISE * CLIP).div_(BATCH)
        stepper.step()

    return own_loop(task, step, np.random.default_rng(0))


def tiny_bert(words: int, classes: int, longest: int) -> nn.Module:
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=words,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=512,
        max_position_embeddings=max(128, longest),
        num_labels=classes,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    return BertForSequenceClassification(config).train()


if __name__ == "__main__":
    main()
