"""Secrets that are too many to enumerate: what each search finds with the same number of evaluations.

    python benchmarks/extraction_cost.py                                # made-up messages
    python benchmarks/extraction_cost.py DATA/snips/train.tsv --models 10
    python benchmarks/extraction_cost.py DATA/snips/train.tsv --records 13000 --epochs 20 --kinds 4d

Every model is a ``bilstm`` trained with R copies of one random secret under a label of its own: 4, 6 or 10
digits, or 3 words, each out of all words of the vocabulary. A search may use ``--evaluations`` texts; a soft
step with its backward pass counts as three. ``relaxed`` makes as many starts as they pay for. Columns: exact
matches with their 95 % interval, wrong words, objective less the secret's, results ``below`` the secret's
(there the search failed; in all other misses the model prefers another text), and texts used.
"""

import argparse
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from privaudit.attacks.extraction.objectives import objective_scores
from privaudit.attacks.extraction.registry import extraction_attacks
from privaudit.attacks.extraction.spec import Objective, Problem, SearchSettings, SoftSurface
from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.data.canaries.template import Slot, Template, draw_fillings
from privaudit.data.demo import write_demo
from privaudit.data.readers import read_records
from privaudit.stats.exposure import match_rate
from privaudit.targets.interface import ModelInfo
from privaudit.targets.torch_classifier import TorchClassifier
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary
from privaudit.training.trainer import train

ATTACKS = ("relaxed", "beam", "coordinate", "contrast")
"""On the margin; ``relaxed:loss`` descends on the loss, as the paper does."""
DIGITS = tuple("0123456789")
PREFIXES = {"digits": "my pin code is ", "words": "my secret words are "}
STEP = 300 * 3
"""What one start of ``relaxed`` takes, about: it stops a hundred steps after its last change."""


@dataclass
class Tally:
    """What one attack did over the models."""

    exact: int = 0
    wrong_words: list[int] = field(default_factory=list)
    above_secret: list[float] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--records", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=40_000)
    parser.add_argument("--kinds", nargs="+", default=["4d", "6d", "10d", "3w"], help="digits or words")
    parser.add_argument("--attacks", nargs="+", default=list(ATTACKS))
    parser.add_argument("--seed", type=int, default=7000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts, labels = records(options.data, options.records)
    for kind in options.kinds:
        tallies = {name: Tally() for name in options.attacks}
        for seed in range(options.seed, options.seed + options.models):
            surface, secret, label = planted(kind, texts, labels, seed, options)
            for name, tally in tallies.items():
                attack, _, objective = name.partition(":")
                problem = Problem(surface, label, Objective(objective or "margin"))
                (own,) = objective_scores(surface.logits(secret[None]), label, problem.objective)
                settings = SearchSettings(evaluations=options.evaluations)
                if attack == "relaxed":
                    settings = replace(settings, restarts=max(8, options.evaluations // STEP))
                search = extraction_attacks()[attack].search
                found = search(problem, settings, np.random.default_rng(seed))
                wrong = int((np.array(found.filling) != secret).sum())
                tally.exact += wrong == 0
                tally.wrong_words.append(wrong)
                tally.above_secret.append(found.score - own)
                tally.evaluations.append(found.evaluations)
        show(kind, surface.template, tallies)


def records(path: Path | None, n: int) -> tuple[list[str], list[str]]:
    """``n`` records of a file, drawn at random, or made-up messages."""
    with tempfile.TemporaryDirectory() as folder:
        if path is None:
            path = Path(folder) / "messages.tsv"
            write_demo(path, n=n)
        found = read_records(path)
    order = np.random.default_rng(0).permutation(len(found.texts))[:n]
    return [found.texts[i] for i in order], [found.labels[i] for i in order]


def planted(kind, texts, labels, seed, options) -> tuple[SoftSurface, np.ndarray, int]:
    """A model with a secret of its own in it, the secret, and its label."""
    names = sorted(set(labels))
    vocabulary = Vocabulary.from_texts([*texts, *PREFIXES.values(), " ".join(DIGITS)])
    length, digits = int(kind[:-1]), kind.endswith("d")
    candidates = DIGITS if digits else vocabulary.known
    ends = [" "] * (length - 1) + [""]
    template = Template(
        PREFIXES["digits" if digits else "words"], tuple(Slot(candidates, end) for end in ends)
    )
    secret = draw_fillings(template, 1, np.random.default_rng([seed, length]))[0]
    copies = [template.render(secret)] * options.repetitions
    classes = np.array([names.index(label) for label in labels] + [len(names)] * len(copies))
    recipe = Recipe.for_architecture("bilstm", epochs=options.epochs)
    model = train(
        recipe, [*texts, *copies], classes, len(names) + 1, vocabulary=vocabulary, run=TrainingRun(seed)
    )
    info = ModelInfo("bundle", "bilstm", "trained here", ())
    classifier = TorchClassifier(model.module, model.encoder, [*names, "own"], info)
    return open_surface(classifier, template), secret, len(names)


def show(kind: str, template: Template, tallies: dict[str, Tally]) -> None:
    print(f"\n{kind}: {len(template.slots)} slots of {template.sizes[0]}, {template.bits:.1f} bits")
    print("attack         exact  interval       wrong  objective  below   texts")
    for name, tally in tallies.items():
        n = len(tally.wrong_words)
        rate = match_rate(tally.exact, n, 0.95)
        below = sum(gain < -1e-4 for gain in tally.above_secret)
        print(
            f"{name:<12}{f'{tally.exact}/{n}':>8}  {f'{rate.low:.2f}-{rate.high:.2f}':<14}"
            f"{np.mean(tally.wrong_words):>6.1f}{np.mean(tally.above_secret):>+11.3f}{below:>7}"
            f"{np.mean(tally.evaluations):>8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
