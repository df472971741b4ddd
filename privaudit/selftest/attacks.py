"""Every membership attack on made-up signals: silent where nothing is, not where members differ."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import Attack, AttackContext
from privaudit.audits.membership.evaluate import evaluate_attack
from privaudit.audits.membership.units import Units
from privaudit.progress import Progress
from privaudit.results import Interval
from privaudit.selftest.check import LEVEL, Check
from privaudit.targets.interface import Head

CLASSES = 4
REFERENCES = 6
_RARE = 1e-5
"""Chance that a sound attack exceeds its own limit."""
_LEAST_AUC = 0.55
_CALIBRATED = ("class-threshold", "quantile")
"""Attacks that learn from the membership of half of the records, and score the others."""


def attack_checks(runs: int, records: int, seed: int, progress: Progress) -> Iterator[Check]:
    """Null calibration of every attack, then a membership that each must see.

    Args:
        runs: sets of coins, all for the same signals, which know of no membership.
        records: of those signals.
        seed: of all draws.
        progress: told once per set of coins.
    """
    attacks = membership_attacks()
    excluded = _excluded(attacks, runs, records, seed, progress)
    per_run = excluded.mean(axis=1)
    error = float(per_run.std(ddof=1) / np.sqrt(runs))
    yield Check(
        "attacks", "AUC interval excludes 0.5, all", float(per_run.mean()), LEVEL + 3 * error, "at most"
    )
    most = float(binom.isf(_RARE, runs, LEVEL)) / runs
    for name, share in zip(attacks, excluded.mean(axis=0), strict=True):
        yield Check("attacks", f"AUC interval excludes 0.5, {name}", float(share), most, "at most")
    signals = made_up(4 * records, 1.0, np.random.default_rng([seed, 2]))
    for name, attack in attacks.items():
        auc = _interval(attack, attack.score(signals, AttackContext(seed)), signals, seed).value
        found = np.nan if auc is None else auc
        yield Check("attacks", f"AUC where members differ, {name}", found, _LEAST_AUC, "at least")


def _excluded(
    attacks: Mapping[str, Attack], runs: int, records: int, seed: int, progress: Progress
) -> NDArray[np.bool_]:
    """``[runs, attacks]`` whether the interval excludes the truth."""
    rng = np.random.default_rng([seed, 1])
    signals = made_up(records, 0.0, rng)
    # NOTE: no other attack reads who is a member, so its scores hold for every set of coins.
    fixed = {
        name: attack.score(signals, AttackContext(seed))
        for name, attack in attacks.items()
        if name not in _CALIBRATED
    }
    excluded = np.zeros((runs, len(attacks)), dtype=np.bool_)
    progress.start("attacks", runs)
    for run in range(runs):
        flipped = replace(signals, member=rng.random(records) < 0.5)
        for column, (name, attack) in enumerate(attacks.items()):
            score = fixed[name] if name in fixed else attack.score(flipped, AttackContext(run))
            auc = _interval(attack, score, flipped, run)
            # NOTE: an attack that gives no interval keeps no limit.
            excluded[run, column] = auc.low is None or auc.high is None or not auc.low <= 0.5 <= auc.high
        progress.advance()
    return excluded


def made_up(n: int, effect: float, rng: np.random.Generator) -> Signals:
    """Signals of n records and six references, with membership decided by coins.

    Args:
        n: records.
        effect: how much better the target does on members by every measure, and a reference on what it saw;
            0 makes membership independent of everything but the references' own records.
        rng: draws everything.
    """
    member, label = rng.random(n) < 0.5, rng.integers(CLASSES, size=n)
    difficulty, length = rng.normal(size=n), rng.integers(3, 30, size=n)
    seen = rng.random((REFERENCES, n)) < 0.5

    def logits(inside: NDArray[np.bool_], strength: float) -> NDArray[np.float64]:
        values = rng.normal(size=(n, CLASSES))
        values[np.arange(n), label] += np.log(CLASSES) + 2 + 2 * strength * inside - difficulty
        return values

    def extras(inside: NDArray[np.bool_], strength: float) -> NDArray[np.float64]:
        return rng.normal(size=(n, 1)) + (1.5 * strength * inside - difficulty)[:, None]

    return Signals(
        ids=[f"made-up:{i}" for i in range(n)],
        member=member,
        label=label,
        target_logits=logits(member, effect),
        features=rng.normal(size=(n, 6)).astype(np.float32),
        head=Head(rng.normal(size=(CLASSES, 6)), np.zeros(CLASSES)),
        gradient_norms=rng.gamma(2, size=n) * np.where(member, 1 - 0.5 * effect, 1),
        unknown_words=rng.binomial(length, np.where(member, 0.2 * (1 - effect), 0.2)),
        word_counts=length,
        label_robustness=rng.binomial(20, 0.7 + 0.2 * effect * member) / 20,
        neighbour_losses=rng.gamma(2, size=(n, 20)) + 0.5 * effect * member[:, None],
        reference_logits=np.stack([logits(row, 1.0) for row in seen]).astype(np.float32),
        reference_in=seen,
        reference_extras=np.stack([extras(row, 1.0) for row in seen]).astype(np.float32),
        target_extras=extras(member, effect),
    )


def _interval(attack: Attack, score: NDArray[np.float64], signals: Signals, seed: int) -> Interval:
    units = Units(signals.ids, signals.member)
    found = evaluate_attack(
        attack, score, units, signals.label, n_attacks=1, n_references=REFERENCES, seed=seed, seconds=0.0
    )
    return found.auc
