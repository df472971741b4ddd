"""How much each attack finds, by data, architecture and number of references.

    python benchmarks/attack_strength.py DATA/clinc150 --width 64 --lr 5e-3 --epochs 20
    python benchmarks/attack_strength.py DATA/clinc150 --vocabulary pool --lr 5e-3
    python benchmarks/attack_strength.py DATA/snips DATA/sms_spam --arch bow --arch bilstm --references 0 4 16

DATA is a folder with train.tsv or all.tsv, or such a file: label, tab, text. Models are trained by the engine
on halves of the first records after a seeded shuffle, and kept in --store: a second run only scores. The
first --targets of them play the target in turn, the others are references. For K references below the largest
number, the mean is over up to three disjoint draws of K. A line is

    attack   AUC  TPR at 1 % FPR   (standard deviation over targets)   share of the records that it scores

with nan for a TPR that so few records cannot measure. Then, for the largest number of references, what one
attack has over another: the mean difference over targets with a 95 % interval (Student's t, paired: the same
target, records and references on both sides).
"""

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.selection import best_attack
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import Attack, AttackContext, Signal
from privaudit.attacks.membership.transforms import margins, reference_margins
from privaudit.data.readers import read_records
from privaudit.stats.auc import auc_interval
from privaudit.stats.intervals import NotMeasurable
from privaudit.stats.ranked import rank_scores
from privaudit.stats.rates import tpr_at_fpr
from privaudit.targets.interface import Access
from privaudit.training.recipe import Recipe
from privaudit.training.references.backends.process import ProcessBackend
from privaudit.training.references.engine import train_references
from privaudit.training.references.learners.recipe_learner import RecipeLearner
from privaudit.training.references.outputs import References
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.references.store import Store
from privaudit.training.text import Vocabulary

DRAWS = 3
WITHOUT = ("loss", "quantile")
PAIRS = (
    ("lira-multi", "lira-online"),
    ("lira-multi", "lira-eb"),
    ("lira-eb", "lira-online"),
    ("lira-eb-offline", "lira-offline-shrunk"),
)
PLANNED = frozenset({Signal.REFERENCES, Signal.REFERENCES_IN, Signal.REFERENCE_EXTRAS})


@dataclass(frozen=True)
class Strength:
    """What an attack achieved on one target."""

    auc: float
    tpr: float
    scored: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--arch", action="append", dest="architectures")
    parser.add_argument("--references", nargs="+", type=int, default=[0, 1, 2, 4, 16, 64])
    parser.add_argument("--targets", type=int, default=5)
    parser.add_argument("--records", type=int, default=6000)
    parser.add_argument("--vocabulary", choices=["members", "pool"], default="members")
    parser.add_argument("--width", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--lr", type=float)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--store", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(options.store or Path(folder))
        for data in options.data:
            population = load(data, options.records)
            for architecture in options.architectures or ["bow"]:
                recipe = Recipe.for_architecture(
                    architecture, width=options.width, epochs=options.epochs, learning_rate=options.lr
                )
                models = train(recipe, population, store, options)
                heading = f"{data.name}, {architecture}, {options.vocabulary} vocabulary"
                report(heading, models, population, options.references, options.targets)


def load(path: Path, count: int) -> Population:
    """The first ``count`` records after a shuffle with seed 0."""
    files = [path] if path.is_file() else [path / "train.tsv", path / "all.tsv"]
    records = read_records(next(file for file in files if file.is_file()))
    order = np.random.default_rng(0).permutation(len(records))[:count]
    names = sorted(set(records.labels))
    number = {name: i for i, name in enumerate(names)}
    labels = np.array([number[records.labels[i]] for i in order])
    return Population([records.texts[i] for i in order], labels, len(names))


def train(recipe: Recipe, population: Population, store: Store, options: argparse.Namespace) -> References:
    vocabulary = Vocabulary.from_texts(population.texts) if options.vocabulary == "pool" else None
    plan = ReferencePlan(
        RecipeLearner(recipe, vocabulary), population, population, online=True, seed=0, extras=True
    )
    count = options.targets + max(options.references)
    return train_references(plan, count, store, ProcessBackend(options.workers))


def report(
    heading: str, models: References, population: Population, counts: Sequence[int], n_targets: int
) -> None:
    """All attacks at each number of references, then the paired differences at the largest."""
    print(f"\n{heading}: {len(population)} records, {population.n_classes} classes, {n_targets} targets")
    print(f"test accuracy {accuracy(models, population, n_targets):.3f}", flush=True)
    cache = all_margins(models, population)
    pool = np.arange(n_targets, len(models))
    for count in counts:
        found: dict[str, list[Strength]] = {}
        for target in range(n_targets):
            for name, values in strengths(models, population, cache, target, draws(pool, count)).items():
                found.setdefault(name, []).append(values)
        best = best_attack(Access.WEIGHTS, PLANNED, count) if count else ""
        print(f"K = {count}" + (f", best by the rule: {best}" if best else ""))
        for name, values in sorted(found.items(), key=lambda item: -mean([v.auc for v in item[1]])):
            print(line(name, values), flush=True)
        if count == max(counts):
            differences(found)


def draws(pool: np.ndarray, count: int) -> list[np.ndarray]:
    """Up to :data:`DRAWS` disjoint draws of ``count`` references."""
    if not count:
        return [pool[:0]]
    return [pool[i * count : (i + 1) * count] for i in range(min(DRAWS, len(pool) // count))]


def all_margins(models: References, population: Population) -> np.ndarray:
    every = Signals(
        [], np.zeros(0, bool), population.labels, models.logits[0], reference_logits=models.logits
    )
    return reference_margins(every)


def strengths(
    models: References,
    population: Population,
    cache: np.ndarray,
    target: int,
    chosen: Iterable[np.ndarray],
) -> dict[str, Strength]:
    """What every attack achieves on one target, as the mean over draws of references."""
    found: dict[str, list[Strength]] = {}
    for draw in chosen:
        signals = signals_of(models, population, cache, target, draw)
        for attack in attacks(len(draw)):
            strength = measure(attack, signals)
            if strength is not None:
                found.setdefault(attack.spec.id, []).append(strength)
    return {
        name: Strength(mean([v.auc for v in s]), mean([v.tpr for v in s]), mean([v.scored for v in s]))
        for name, s in found.items()
    }


def signals_of(
    models: References, population: Population, cache: np.ndarray, target: int, draw: np.ndarray
) -> Signals:
    extras = models.extras
    if extras is None:
        raise TypeError("the plan keeps the further signals")
    signals = Signals(
        ids=[f"record-{i}" for i in range(len(population))],
        member=models.inside[target],
        label=population.labels,
        target_logits=models.logits[target].astype(np.float64),
        word_counts=np.array([len(text.split()) for text in population.texts]),
        reference_logits=np.empty((len(draw), 0, 0), np.float32),  # all that is read of them is given below
        reference_in=models.inside[draw],
        reference_extras=[extras[k] for k in draw],
        target_extras=extras[target],
    )
    signals.cache["reference-margins"] = cache[draw]
    np.testing.assert_allclose(margins(signals), cache[target], rtol=1e-9)
    return signals


def attacks(count: int) -> list[Attack]:
    every = membership_attacks().values()
    return [a for a in every if a.spec.id in WITHOUT or (count and Signal.REFERENCES in a.spec.needs)]


def measure(attack: Attack, signals: Signals) -> Strength | None:
    score = attack.score(signals, AttackContext(0))
    scored = ~np.isnan(score)
    if not scored.any():
        return None
    ranked = rank_scores(score, signals.member)
    area, rate = auc_interval(ranked, 0.95), tpr_at_fpr(ranked, 0.01, 0.95)
    if isinstance(area, NotMeasurable):
        return None
    return Strength(area.value, float("nan") if rate.tpr is None else rate.tpr, float(scored.mean()))


def accuracy(models: References, population: Population, n_targets: int) -> float:
    """Of the targets on the records that they did not see."""
    right = [
        (models.logits[k].argmax(1) == population.labels)[~models.inside[k]].mean() for k in range(n_targets)
    ]
    return mean(right)


def line(name: str, values: Sequence[Strength]) -> str:
    auc, tpr = [v.auc for v in values], [v.tpr for v in values]
    share, deviation = mean([v.scored for v in values]), f"(± {spread(auc):.4f}, {spread(tpr):.4f})"
    return f"  {name:20s} {mean(auc):.4f}  {mean(tpr):.4f}   {deviation}   {share:.2f}"


def differences(found: dict[str, list[Strength]]) -> None:
    for one, other in PAIRS:
        if one not in found or other not in found:
            continue
        pairs = list(zip(found[one], found[other], strict=True))
        auc = interval([a.auc - b.auc for a, b in pairs])
        tpr = interval([a.tpr - b.tpr for a, b in pairs])
        print(f"  {one} over {other}: AUC {auc}, TPR {tpr}", flush=True)


def interval(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{mean(values):+.4f} (one target: no interval)"
    half = float(student.ppf(0.975, len(values) - 1)) * spread(values) / len(values) ** 0.5
    return f"{mean(values):+.4f} [{mean(values) - half:+.4f}, {mean(values) + half:+.4f}]"


def mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def spread(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


if __name__ == "__main__":
    main()
