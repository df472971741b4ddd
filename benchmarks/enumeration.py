"""Logits of all fillings of a template: what sharing saves, against asking about every text.

    python benchmarks/enumeration.py
    python benchmarks/enumeration.py --architectures bilstm --repeats 15

10,000 fillings of "my pin code is" and four digits, on networks of the default recipes with random weights
(the cost does not depend on them) and a vocabulary of 10,000 words. In turns in one process:

* the surface's ``all_logits``;
* batches of 256 texts that are tokenised already, and the same with ``outputs``, which tokenises them;
* one tokenised text at a time (500 of them, scaled up).

Times are processor seconds on one thread, because others may use the machine; a ratio is the median over the
turns. The multiply-adds of the matrix products are counted by hand: they are what limits each way. At the end
the peak memory of a million fillings (six digits), each architecture in a process of its own.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.data.canaries.template import Slot, Template, numbered
from privaudit.targets.interface import ModelInfo
from privaudit.targets.torch_classifier import TorchClassifier
from privaudit.training.architectures import build
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary, WordEncoder

DIGITS = tuple("0123456789")
PREFIX = "my pin code is "
CLASSES, BATCH, SINGLES = 7, 256, 500
NEEDED = {"bow": (4.0, 4.0), "cnn": (4.0, 4.0), "bilstm": (1.7, 10.0), "transformer": (0.0, 0.0)}
"""At least so many times faster than tokenised batches, and than one text at a time."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--architectures", nargs="+", default=list(NEEDED), choices=list(NEEDED))
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--million", action="store_true", help="measure one million fillings, nothing else")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.million:
        million(*options.architectures)
        return
    missed = [name for name in options.architectures if not compare(name, options.repeats)]
    for name in options.architectures:
        command = [sys.executable, __file__, "--million", "--architectures", name]
        subprocess.run(command, check=True)
    sys.exit(bool(missed))


def classifier_of(name: str) -> TorchClassifier:
    words = [*PREFIX.split(), *DIGITS, *(f"word{i}" for i in range(10_000))]
    vocabulary = Vocabulary(tuple(words))
    torch.manual_seed(0)
    network = build(Recipe.for_architecture(name), len(vocabulary), CLASSES)
    return TorchClassifier(network, WordEncoder(vocabulary), None, ModelInfo("bundle", name, "", ()))


def template_of(n_digits: int) -> Template:
    return Template(PREFIX, (*(Slot(DIGITS, " ") for _ in range(n_digits - 1)), Slot(DIGITS)))


def compare(name: str, repeats: int) -> bool:
    """Time the ways in turns, print them, and tell whether the surface is as fast as it has to be."""
    classifier, template = classifier_of(name), template_of(4)
    surface, network = open_surface(classifier, template), classifier.module
    texts = [template.render(f) for f in numbered(template, np.arange(template.n_fillings))]
    tokens = classifier.encoder(texts)

    @torch.inference_mode()
    def batches(size: int = BATCH, n: int = len(texts)) -> None:
        for start in range(0, n, size):
            network(tokens[start : start + size])

    ways: dict[str, Callable[[], object]] = {
        "all_logits": lambda: [None for _ in surface.all_logits()],
        "tokenised batches": batches,
        "outputs": lambda: classifier.outputs(texts),
        "one text at a time": lambda: batches(1, SINGLES),
    }
    turns: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(repeats + 1):
        for way, call in ways.items():
            spent = seconds(call) * (len(texts) / SINGLES if way == "one text at a time" else 1)
            if turn:  # the first warms up
                turns[way].append(spent)
    ours = turns["all_logits"]
    ratios = {
        way: statistics.median(a / b for a, b in zip(spent, ours, strict=True))
        for way, spent in turns.items()
    }
    apart = np.abs(np.concatenate(list(surface.all_logits())) - classifier.outputs(texts).logits).max()
    print(f"{name}: logits differ by {apart:.0e} at most; work: {work(name)}")
    for way, spent in turns.items():
        print(f"  {way:20s} {1e3 * statistics.median(spent):9.2f} ms  {ratios[way]:8.1f} x all_logits")
    batched, single = NEEDED[name]
    return apart < 1e-4 and ratios["tokenised batches"] >= batched and ratios["one text at a time"] >= single


def work(name: str, prefix: int = 4, slots: int = 4, width: int = 64) -> str:
    """What 10^slots fillings take as whole texts, and as the surface shares them."""
    n, length = 10**slots, prefix + slots
    head = {"bow": 1, "cnn": 3, "bilstm": 2, "transformer": 1}[name] * width * CLASSES * n
    tree = sum(10**k for k in range(1, slots + 1))
    if name == "bow":
        return f"{head:.1e} multiply-adds for whole texts, {CLASSES * n:.1e} additions shared"
    if name == "cnn":
        full = n * length * 12 * width**2 + head
        return f"{full:.1e} multiply-adds for whole texts, {head:.1e} shared"
    if name == "transformer":
        full = n * 2 * length * 12 * width**2 + head
        return f"{full:.1e} multiply-adds for whole texts, the same for the surface"
    steps, shared = 2 * n * length, 2 * tree + prefix * (n + 1)
    product = 4 * width**2
    products = 2 * tree // 10 + prefix * (n + 1)
    return (
        f"{steps:,} cell steps with {steps * 2 * product + head:.1e} multiply-adds for whole texts, "
        f"{shared:,} with {products * product + head:.1e} shared"
    )


def million(name: str) -> None:
    """Print time and peak memory of a million fillings, of which only the largest logit is kept."""
    surface = open_surface(classifier_of(name), template_of(6))
    list(surface.all_logits(0, 5000))
    before, start = peak(), time.process_time()
    parts = sum(len(part) for part in surface.all_logits() if np.isfinite(part.max()))
    spent = time.process_time() - start
    print(f"{name}: {parts:,} fillings in {spent:.1f} s, {peak() - before:.0f} MB above {before:.0f} MB")


def peak() -> float:
    """Largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


if __name__ == "__main__":
    main()
