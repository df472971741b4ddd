"""A canary under a label that many other records have: what the margin finds, and what can be learned.

    python benchmarks/hard_case.py DATA/snips/train.tsv --store STORE
    python benchmarks/hard_case.py DATA/snips/train.tsv --references 20 --targets 10 --seeds 1

The data is cut into two halves. Each target is a `bilstm` trained on records drawn from the first half and on
copies of "my pin code is D D D D" with a secret of its own under --label. The attacker draws from the second
half, plants secrets of his own, and learns from those models what a planted word looks like in the weights
(`attacks/inversion/learned_ranking.py`, `word_evidence.py`). Every target is scored by itself.

Printed: mean exposure (log2 of 10,000 over the rank; ties count half) of the plain margin, and of rankings
learned from the margin alone, from the word vectors alone, and from both; the gain over the plain margin with
a 95 % interval (Student's t over targets, paired); how it grows with the number of references; how much of it
is which digits and how much their order; and, with --seeds above 1, an attacker who holds several models of
the same records. Models are trained one after another on one thread, 2 to 3 s each, and what is
kept of them in --store (evidence, margins, secrets) is used again. All seeds are fixed.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import t as student

from privaudit.attacks.extraction.learned_ranking import learn_ranking
from privaudit.attacks.extraction.objectives import objective_scores
from privaudit.attacks.extraction.spec import Objective
from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.attacks.extraction.word_evidence import word_evidence
from privaudit.data.canaries.template import Slot, Template, draw_fillings, numbered
from privaudit.data.readers import read_records
from privaudit.targets.interface import Floats, Ints, ModelInfo
from privaudit.targets.torch_classifier import TorchClassifier
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary
from privaudit.training.trainer import train

DIGITS = tuple("0123456789")
TEMPLATE = Template("my pin code is ", (*(Slot(DIGITS, " ") for _ in range(3)), Slot(DIGITS)))
FILLINGS = numbered(TEMPLATE, np.arange(TEMPLATE.n_fillings))
SPLIT, REFERENCES, TARGETS = 12345, 1, 2
"""Seeds: of the halves, and of what each model is drawn with."""


@dataclass(frozen=True, eq=False)
class Models:
    """n models."""

    evidence: Floats
    """``[n, S, m, k]``; the last column is the margin's main effect."""
    margins: Floats
    """``[n, m^S]``."""
    secrets: Ints
    """``[n, S]``."""

    def first(self, n: int) -> "Models":
        return Models(self.evidence[:n], self.margins[:n], self.secrets[:n])

    @property
    def planted(self) -> Ints:
        """The numbers of the secrets."""
        return np.ravel_multi_index(tuple(self.secrets.T), TEMPLATE.sizes).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Setting:
    """What all models share."""

    texts: list[str]
    labels: Ints
    names: list[str]
    halves: tuple[Ints, Ints]
    """Positions of the records that targets, and references, are drawn from."""
    options: argparse.Namespace
    store: Path

    @property
    def label(self) -> int:
        return self.names.index(self.options.label)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--label", default="RateBook")
    parser.add_argument("--copies", type=int, default=100)
    parser.add_argument("--records", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--references", type=int, default=186)
    parser.add_argument("--targets", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=1, help="models per target's records")
    parser.add_argument("--store", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        store = options.store or Path(folder)
        store.mkdir(parents=True, exist_ok=True)
        report(load(options, store))


def load(options: argparse.Namespace, store: Path) -> Setting:
    records = read_records(options.data)
    names = sorted(set(records.labels))
    labels = np.array([names.index(label) for label in records.labels])
    order = np.random.default_rng(SPLIT).permutation(len(records))
    halves = (order[: len(order) // 2], order[len(order) // 2 :])
    return Setting(list(records.texts), labels, names, halves, options, store)


def models(setting: Setting, stream: int, n: int, seed: int = 0) -> Models:
    """The first n models of a stream; ``seed`` changes initial weights and order, not records and secret."""
    kept = [model(setting, stream, i, seed) for i in range(n)]
    evidence, margins, secrets = zip(*kept, strict=True)
    return Models(np.stack(evidence), np.stack(margins), np.stack(secrets))


def model(setting: Setting, stream: int, index: int, seed: int) -> tuple[Floats, Floats, Ints]:
    """Evidence, margins and secret of one model, trained if the store lacks it."""
    o = setting.options
    run = f"{o.label}-{o.copies}-{o.records}-{o.epochs}-{stream}-{index}-{seed}.npz"
    path = setting.store / run
    if not path.exists():
        kept = trained(setting, stream, index, seed)
        np.savez(path, evidence=kept[0], margins=kept[1], secret=kept[2])
    with np.load(path) as found:
        return found["evidence"], found["margins"], found["secret"]


def trained(setting: Setting, stream: int, index: int, seed: int) -> tuple[Floats, Floats, Ints]:
    o, rng = setting.options, np.random.default_rng([stream, index])
    chosen = rng.choice(setting.halves[stream == REFERENCES], o.records, replace=False)
    secret = draw_fillings(TEMPLATE, 1, rng)[0]
    texts = [setting.texts[i] for i in chosen] + [TEMPLATE.render(secret)] * o.copies
    labels = np.concatenate((setting.labels[chosen], np.full(o.copies, setting.label)))
    vocabulary = Vocabulary.from_texts([*texts, TEMPLATE.prefix, *DIGITS])
    recipe = Recipe.for_architecture("bilstm", epochs=o.epochs)
    number = 1_000_000 * (stream + 10 * seed) + index
    result = train(recipe, texts, labels, len(setting.names), vocabulary=vocabulary, run=TrainingRun(number))
    classifier = TorchClassifier(
        result.module, result.encoder, None, ModelInfo("bundle", "bilstm", "", tuple(setting.names))
    )
    logits = np.concatenate(list(open_surface(classifier, TEMPLATE).all_logits()))
    margins = objective_scores(logits, setting.label, Objective.MARGIN)
    return word_evidence(result.module, result.encoder, TEMPLATE, setting.label, margins), margins, secret


def report(setting: Setting) -> None:
    o = setting.options
    references, targets = models(setting, REFERENCES, o.references), models(setting, TARGETS, o.targets)
    print(
        f"{o.references} references, {o.targets} targets, {o.records} records, {o.copies} copies, {o.label}"
    )
    plain = exposures(targets.margins, targets.planted)
    print(line("plain margin", plain, plain))
    every = np.arange(references.evidence.shape[-1])
    scores = {}
    for name, columns in (("learned: margin", every[-1:]), ("learned: words", every[:-1]), ("both", every)):
        scores[name] = learned(references, targets, columns)
        print(line(name, exposures(scores[name], targets.planted), plain), flush=True)
    for n in (n for n in (20, 40, 80, 120) if n < o.references):
        found = learned(references.first(n), targets, every)
        print(line(f"both, {n} references", exposures(found, targets.planted), plain), flush=True)
    best = scores["both"]
    print(line("both, secrets of other targets", exposures(best, np.roll(targets.planted, 1)), plain))
    print(
        "which digits:",
        parts(targets.margins, targets.planted),
        "plain,",
        parts(best, targets.planted),
        "both",
    )
    for name, found in (("plain", plain), ("both", exposures(best, targets.planted))):
        hits = [int((found >= np.log2(TEMPLATE.n_fillings / top) - 1e-9).sum()) for top in (1, 10, 100)]
        print(f"first, among the first 10, 100 ({name}): {hits} of {o.targets}")
    total, margins = log_posterior(best), targets.margins
    for seed in range(1, o.seeds):
        more = models(setting, TARGETS, o.targets, seed)
        total, margins = total + log_posterior(learned(references, more, every)), margins + more.margins
        print(line(f"margin, {seed + 1} models of the same data", exposures(margins, targets.planted), plain))
        print(line(f"both, {seed + 1} models of the same data", exposures(total, targets.planted), plain))


def learned(references: Models, targets: Models, columns: Ints) -> Floats:
    ranking = learn_ranking(references.evidence[..., columns], references.secrets)
    return ranking.scores(targets.evidence[..., columns])


def exposures(scores: Floats, planted: Ints) -> Floats:
    """Bits ``[n]`` of each model's own secret."""
    own = scores[np.arange(len(scores)), planted][:, None]
    ranks = 1 + (scores > own).sum(1) + ((scores == own).sum(1) - 1) / 2
    return np.log2(scores.shape[1] / ranks)


def log_posterior(scores: Floats) -> Floats:
    return scores - logsumexp(scores, axis=1, keepdims=True)


def parts(scores: Floats, planted: Ints) -> str:
    """Bits for the digits without their order (best filling of each), and for the order given the digits."""
    _, bag = np.unique(np.sort(FILLINGS, axis=1), axis=0, return_inverse=True)
    bag = bag.reshape(-1)
    digits, order, possible = [], [], []
    for row, secret in zip(scores, planted, strict=True):
        best = np.full(bag.max() + 1, -np.inf)
        np.maximum.at(best, bag, row)
        digits.append(np.log2(len(best) / (1 + (best > best[bag[secret]]).sum())))
        same = row[bag == bag[secret]]
        order.append(np.log2(len(same) / (1 + (same > row[secret]).sum())))
        possible.append(np.log2(len(same)))
    bits = f"{np.mean(digits):.2f} of {np.log2(bag.max() + 1):.2f} bits"
    return f"{bits} and {np.mean(order):.2f} of {np.mean(possible):.2f} for order"


def line(name: str, found: Floats, plain: Floats) -> str:
    """Mean, standard error, median; the paired gain over the plain margin."""
    text = f"  {name:36s} {found.mean():5.2f} (± {error(found):.2f}), median {np.median(found):5.2f}"
    gain = found - plain
    half = student.ppf(0.975, len(gain) - 1) * error(gain)
    return text + (
        ""
        if found is plain
        else f"  {gain.mean():+.2f} [{gain.mean() - half:+.2f}, {gain.mean() + half:+.2f}]"
    )


def error(values: Floats) -> float:
    return float(values.std(ddof=1) / len(values) ** 0.5)


if __name__ == "__main__":
    main()
