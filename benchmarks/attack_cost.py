"""What the attacks cost on a transformer bundle, against one plain forward pass over the same records.

    python benchmarks/attack_cost.py                              # made-up messages
    python benchmarks/attack_cost.py DATA/snips/train.tsv --epochs 3

Every attack runs but ``label-only``, ``neighbourhood`` and ``gradient-norm-full``. The plain pass is what
anyone would write: the texts in the order of the file, tokenised in batches of 64, in inference mode. All
phases run in turns in one process; a ratio is the median over the turns. One thread by default, because two
threads on cores that others use mostly wait for each other.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import Signal
from privaudit.audits.inputs import Inputs, open_inputs
from privaudit.audits.membership.collect import collect
from privaudit.audits.membership.comparability import check_comparability
from privaudit.audits.membership.findings import find
from privaudit.audits.membership.plan import MembershipPlan, MembershipRequest
from privaudit.data.demo import write_demo
from privaudit.progress import SILENT
from privaudit.targets.interface import HasVocabulary, ScoreTable
from privaudit.training.bundle import load_bundle
from privaudit.training.job import train_bundle
from privaudit.training.recipe import Recipe
from privaudit.training.request import TrainingRequest

LIMIT = 4.0
EXPENSIVE = {"label-only", "neighbourhood", "gradient-norm-full"}
ATTACKS = tuple(
    attack
    for name, attack in membership_attacks().items()
    if name not in EXPENSIVE and Signal.REFERENCES not in attack.spec.needs
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        data, model = options.data or Path(folder) / "messages.tsv", Path(folder) / "model.pt"
        if options.data is None:
            write_demo(data, n=5000)
        train_bundle(
            TrainingRequest(data, Recipe.for_architecture("transformer", epochs=options.epochs), output=model)
        )
        measure(model, options.repeats)


def measure(model: Path, repeats: int) -> None:
    """Time the phases of an audit of ``model`` in turns and print them."""
    opened = open_inputs(Inputs(model))
    target, records = opened.source, opened.audit_set.records
    if isinstance(target, ScoreTable) or not isinstance(target, HasVocabulary):
        raise TypeError("a bundle with a list of words was expected")
    plan = MembershipPlan(MembershipRequest(Inputs(model)), opened, ATTACKS, ())
    bundle = load_bundle(model)
    network, texts = bundle.network(), list(records.texts)

    def forward() -> None:
        with torch.inference_mode():
            for start in range(0, len(texts), 64):
                network(bundle.encoder(texts[start : start + 64]))

    def signals() -> Signals:
        return collect(opened, ATTACKS, seed=0)

    def findings(fresh: Signals) -> None:
        find(plan, ATTACKS, fresh, SILENT)

    def baseline() -> None:
        check_comparability(
            texts,
            opened.member,
            groups=None,
            randomised=True,
            accept_shift=False,
            seed=0,
        )

    turns: dict[str, list[float]] = {}
    for turn in range(repeats + 1):
        phases: dict[str, Callable[[], object]] = {
            "plain forward pass": forward,
            "signals": signals,
            "  of these the model's outputs": lambda: target.outputs(texts, features=True),
            "  of these the unknown words": lambda: target.unknown_words(texts),
            # NOTE: signals keep what attacks share, so each turn takes fresh ones.
            "scores and evaluation": partial(findings, signals()),
        }
        for name, phase in phases.items():
            spent = seconds(phase)
            if turn:  # the first warms up
                turns.setdefault(name, []).append(spent)
    shape = f"{len(texts):,} records, {len(opened.labels)} classes, {len(ATTACKS)} attacks"
    show(shape, turns, seconds(baseline))


def show(shape: str, turns: dict[str, list[float]], baseline: float) -> None:
    plain = turns["plain forward pass"]
    print(f"{shape}, threads: {torch.get_num_threads()}")
    for name, spent in turns.items():
        print(f"{name:35s} {statistics.median(spent):7.3f} s   {ratio(spent, plain):5.2f} x the plain pass")
    both = [a + b for a, b in zip(turns["signals"], turns["scores and evaluation"], strict=True)]
    in_all = f"{statistics.median(both):7.3f} s   {ratio(both, plain):5.2f} x the plain pass"
    print(f"{'attacks in all':35s} {in_all} (at most {LIMIT:g})")
    print(f"blind baseline, which no model enters: {baseline:.1f} s")
    sys.exit(ratio(both, plain) > LIMIT)


def ratio(ours: Sequence[float], plain: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, plain, strict=True))


def seconds(phase: Callable[[], object]) -> float:
    start = time.perf_counter()
    phase()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
