"""How often an attack claims to find members where there is nothing to find.

    python benchmarks/null.py                                    # made-up messages
    python benchmarks/null.py DATA/clinc150/train.tsv --runs 50

A model is trained on a third of the records and audited on the others, which it never saw. Who of these is
called a member is decided by fresh coins in every run, so members and non-members are alike, every attack's
true AUC is 0.5, and a 95 % interval that excludes it is a false alarm. The attacks of one run share its
coins: standard errors are those of the means of runs, which are independent given the scores.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, Signal
from privaudit.audits.inputs import OpenedInputs
from privaudit.audits.membership.collect import collect
from privaudit.audits.membership.evaluate import evaluate_attack
from privaudit.audits.membership.units import Units
from privaudit.data.audit_set import AuditSet
from privaudit.data.demo import demo_records
from privaudit.data.duplicates import distinct
from privaudit.data.labels import match_labels
from privaudit.data.readers import read_records
from privaudit.data.records import Records
from privaudit.results import Interval, Membership
from privaudit.stats.ranked import rank_scores
from privaudit.targets.interface import Floats, ModelInfo
from privaudit.targets.torch_classifier import VocabularyTorchClassifier
from privaudit.training.recipe import Recipe
from privaudit.training.trainer import train

ATTACKS = tuple(a for a in membership_attacks().values() if Signal.REFERENCES not in a.spec.needs)
NOMINAL = 0.05
FPR = 0.1
CHECKS = ("AUC", "AUC within classes", "TPR at 10 % FPR", "advantage")


@dataclass(frozen=True)
class FalseAlarms:
    """Shares of intervals that exclude the truth, per attack and over all."""

    check: str
    runs: int
    per_attack: Mapping[str, float]
    """NaN where the attack could not be measured in any run."""
    overall: float
    standard_error: float
    """Of ``overall``, between runs."""

    @property
    def limit(self) -> float:
        """What ``overall`` may be at most."""
        return NOMINAL + 3 * self.standard_error

    def limit_of_one(self) -> float:
        """What an attack may have at most by itself: three binomial standard errors over the nominal."""
        return NOMINAL + 3 * float(np.sqrt(NOMINAL * (1 - NOMINAL) / self.runs))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="*", type=Path)
    parser.add_argument("--arch", nargs="*", default=["bow", "cnn"])
    parser.add_argument("--models", type=int, default=2, help="per architecture, each on a third of its own")
    parser.add_argument("--runs", type=int, default=100, help="sets of coins per model")
    parser.add_argument("--records", type=int, default=2400, help="made-up records where no file is given")
    options = parser.parse_args()
    sets = [(str(path), read_records(path)) for path in options.data]
    misses: list[NDArray[np.float64]] = []
    coins = count()  # never the same twice: runs of two models must not share them
    for name, records in sets or [("made up", made_up(options.records))]:
        for architecture, seed in product(options.arch, range(options.models)):
            signals = unseen(records, Recipe.for_architecture(architecture, seed=seed))
            runs = [excludes(flipped(signals, seed), seed) for seed in islice(coins, options.runs)]
            misses.append(np.array(runs))
            shares = np.nanmean(misses[-1], axis=(0, 2))
            found = ", ".join(f"{c} {s:.1%}" for c, s in zip(CHECKS, shares, strict=True))
            print(f"{name}, {architecture}, model {seed}: {len(runs)} runs; excluded: {found}", flush=True)
    sys.exit(not show(summaries(np.concatenate(misses))))


def unseen(records: Records, recipe: Recipe) -> Signals:
    """The signals of the two thirds of ``records`` that the model of ``recipe`` never saw."""
    pool = records.select(distinct(records))
    third = np.random.default_rng([recipe.seed, 3]).permutation(len(pool)) % 3 == 0
    labels = tuple(sorted(set(pool.labels)))
    seen, rest = pool.select(third), pool.select(~third)
    model = train(recipe, seen.texts, match_labels(seen.labels, labels), len(labels))
    info = ModelInfo("bundle", recipe.architecture, "trained here", ())
    known = model.encoder.vocabulary.unknown
    target = VocabularyTorchClassifier(model.module, model.encoder, labels, info, vocabulary=known)
    label = match_labels(rest.labels, labels)
    nobody = np.zeros(len(rest), dtype=np.bool_)
    opened = OpenedInputs(target, AuditSet(rest, nobody, "files", ()), label)
    return collect(opened, ATTACKS, seed=recipe.seed)


def flipped(signals: Signals, seed: int) -> Signals:
    """The same signals with membership decided by fair coins."""
    return replace(signals, member=np.random.default_rng([seed, 7]).random(len(signals)) < 0.5)


def excludes(signals: Signals, seed: int) -> NDArray[np.float64]:
    """``[check, attack]``: 1 where the interval excludes the truth, 0 where not, NaN without an interval."""
    return np.array(list(_rows(signals, seed))).T


def _rows(signals: Signals, seed: int) -> Iterator[tuple[float, ...]]:
    units = Units(signals.ids, signals.member)
    for attack in ATTACKS:
        score = attack.score(signals, AttackContext(seed))
        found = evaluate_attack(
            attack, score, units, signals.label, n_attacks=len(ATTACKS), n_references=0, seed=seed, seconds=0
        )
        yield (
            _outside(found.auc, 0.5),
            _outside(found.auc_within_class, 0.5),
            _outside(_rate(found), _pooled_rate(score)),
            _outside(found.advantage, 0.0),
        )


def _outside(interval: Interval, truth: float) -> float:
    if interval.low is None or interval.high is None:
        return np.nan
    return float(interval.low > truth + 1e-12 or interval.high < truth - 1e-12)


def _rate(found: Membership) -> Interval:
    rate = next(r for r in found.tpr_at_fpr if r.fpr == FPR)
    return Interval(value=rate.tpr, low=rate.low, high=rate.high)


def _pooled_rate(score: Floats) -> float:
    """The TPR at :data:`FPR` of both sides: the largest share above a threshold that is at most ``FPR``.

    It is ``FPR`` itself but for ties: an attack with few values cannot reach every rate.
    """
    scored = score[~np.isnan(score)]
    ranked = rank_scores(np.tile(scored, 2), np.arange(2 * len(scored)) < len(scored))
    share = ranked.members / ranked.n_members
    return float(max(share[share <= FPR], default=0.0))


def summaries(misses: NDArray[np.float64]) -> list[FalseAlarms]:
    """Sum up ``[run, check, attack]``."""
    names = [attack.spec.id for attack in ATTACKS]
    found = []
    for k, check in enumerate(CHECKS):
        table = misses[:, k]
        per_run = np.nanmean(table, axis=1)
        found.append(
            FalseAlarms(
                check,
                len(table),
                {a: float(np.nanmean(column)) for a, column in zip(names, table.T, strict=True)},
                float(per_run.mean()),
                float(per_run.std(ddof=1) / np.sqrt(len(per_run))),
            )
        )
    return found


def show(found: Sequence[FalseAlarms]) -> bool:
    """Print the shares; whether AUC keeps its limit over all and each attack keeps its own."""
    print(f"\nshare of intervals that exclude the truth, {found[0].runs} runs; nominal {NOMINAL:.0%}")
    print(f"{'':20s}" + "".join(f"{f.check:>20s}" for f in found))
    for attack in found[0].per_attack:
        print(f"{attack:20s}" + "".join(f"{f.per_attack[attack]:20.1%}" for f in found))
    print(f"{'all':20s}" + "".join(f"{f.overall:20.2%}" for f in found))
    print(f"{'standard error':20s}" + "".join(f"{f.standard_error:20.2%}" for f in found))
    print(f"{'at most':20s}" + "".join(f"{f.limit:20.2%}" for f in found))
    print(f"one attack at most {found[0].limit_of_one():.1%}")
    return all(f.overall <= f.limit and max(f.per_attack.values()) <= f.limit_of_one() for f in found)


def made_up(n: int) -> Records:
    pairs = demo_records(n, seed=0)
    ids = [str(i) for i in range(n)]
    return Records(ids, [text for _, text in pairs], [label for label, _ in pairs])


if __name__ == "__main__":
    main()
