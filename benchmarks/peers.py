"""The same audit by `privaudit mia` and by its peers: time, AUC, and their ratio, in turns in one run.

Each peer is installed from PyPI into an environment of its own below a folder that is kept between runs:

    python benchmarks/peers.py --environments ~/peers --repeats 3

The data are 1,200 short texts of 3 classes with 10 % wrong labels, of which the model saw 600. Peers that
read no strings get the arrays of the same vectorizer and the same classifier. Timed are the whole process
and the attack in it, references included; in privaudit the attack includes the blind baseline, other checks
and all intervals.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RECORDS, CLASSES, NOISE, WORDS = 1_200, 3, 0.1, 2_000
LIMIT = 10.0
"""A peer takes at least this many times as long."""
MODES = ("online-carlini", "offline-carlini", "offline")
"""SACRO-ML's ways of LiRA. The first has the highest AUC here, and is the one that is timed."""


@dataclass(frozen=True)
class Spent:
    """What one run cost, of the whole process and of the attack in it."""

    wall: float
    cpu: float
    """Of the process and its workers: hardly depends on who else uses the machine."""
    attack: float
    """Wall-clock seconds of what both do: training references, asking all models, scoring. No imports, no
    reading of inputs; ours without comparing the two sets and without the risk of single records."""
    auc: float


@dataclass(frozen=True)
class Texts:
    texts: list[str]
    label: np.ndarray
    member: np.ndarray


def make_texts(seed: int) -> Texts:
    """Words of a Zipf distribution; three in ten are words of the class. A fair half are members."""
    rng = np.random.default_rng(seed)
    vocabulary = [f"w{i}" for i in range(WORDS)]
    common = 1.0 / np.arange(10, 10 + WORDS)
    common /= common.sum()
    true = rng.integers(CLASSES, size=RECORDS)
    texts = []
    for c in true:
        length = rng.integers(6, 15)
        own = rng.random(length) < 0.3
        words = np.where(
            own, 100 * c + rng.integers(100, size=length), rng.choice(WORDS, size=length, p=common)
        )
        texts.append(" ".join(vocabulary[i] for i in words))
    wrong = rng.random(RECORDS) < NOISE
    label = np.where(wrong, (true + rng.integers(1, CLASSES, size=RECORDS)) % CLASSES, true)
    member = rng.permutation(RECORDS) < RECORDS // 2
    return Texts(texts, label, member)


def write_inputs(data: Texts, folder: Path) -> None:
    """The audited pipeline for privaudit, the same model's arrays for peers, and one file for `train`."""
    import skops.io
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    inside = [text for text, member in zip(data.texts, data.member, strict=True) if member]
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10.0, max_iter=1000))
    pipeline.fit(inside, data.label[data.member])
    skops.io.dump(pipeline, folder / "model.skops")
    arrays = pipeline[0].transform(data.texts).toarray()
    np.savez(folder / "arrays.npz", features=arrays, label=data.label, member=data.member)
    for name, rows in (("members", data.member), ("nonmembers", ~data.member), ("all", data.member >= 0)):
        lines = [f"{data.label[i]}\t{data.texts[i]}\n" for i in np.flatnonzero(rows)]
        (folder / f"{name}.tsv").write_text("label\ttext\n" + "".join(lines))


def ours(folder: Path, model: str, references: int, *options: str) -> Spent:
    """One `privaudit mia` with an empty store."""
    sides = ["--members", "members.tsv", "--nonmembers", "nonmembers.tsv"] if model.endswith("skops") else []
    with tempfile.TemporaryDirectory() as store:
        command = [sys.executable, "-m", "privaudit", "mia", model, *sides, "--references", str(references)]
        command += [*options, "--store", store, "-q", "-o", "result.json"]
        wall, cpu, _ = run(command, folder)
    result = json.loads((folder / "result.json").read_text())
    (row,) = result["membership"]
    stages = result["provenance"]["stages"]
    attack = stages["signals of the model"] + stages["reference models"] + row["seconds"]
    return Spent(wall, cpu, attack, row["auc"]["value"])


def sacroml(folder: Path, python: Path, references: int, *modes: str) -> tuple[Spent, dict[str, float]]:
    """One LiRA with new shadow models; and the AUC of every mode."""
    with tempfile.TemporaryDirectory() as output:
        command = [str(python), str(HERE / "peer_sacroml.py"), "arrays.npz", str(references), output, *modes]
        wall, cpu, printed = run(command, folder)
    found = json.loads(printed.splitlines()[-1])
    return Spent(wall, cpu, found["seconds"], found["auc"][modes[0]]), found["auc"]


def run(command: list[str], folder: Path) -> tuple[float, float, str]:
    """Wall-clock and processor seconds of a command, and what it printed."""
    start, before = time.perf_counter(), os.times()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, os.times()
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, done.stdout


def installed(environments: Path, peer: str, requirement: str) -> Path:
    """The interpreter of an environment that has the peer, with the build of torch that privaudit runs on."""
    place = environments / peer
    python = place / "bin" / "python"
    if not (place / "installed").exists():
        print(f"Installing {requirement} into {place} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        torch = f"torch=={version('torch')}"
        subprocess.run([python, "-m", "pip", "install", "-q", torch, requirement], check=True)
        (place / "installed").touch()
    return python


def report_leakpro() -> None:
    """LeakPro is not on PyPI: what has its name there is by somebody else, and is not installed."""
    command = [sys.executable, "-m", "pip", "index", "versions", "leakpro"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = next((line for line in done.stdout.splitlines() if "versions" in line), "nothing of that name")
    print(f"LeakPro: cannot be installed from PyPI ({found}). 0.0.1 there is an unrelated placeholder.")


def compare(folder: Path, python: Path, references: int, repeats: int) -> None:
    """SACRO-ML and privaudit in turns; medians over the turns."""
    audits = [
        ("model.skops", "--attack", "lira-online"),
        ("model.skops", "--attack", "best"),
        ("model.skops", "--attack", "best", "--workers", "1"),
        ("model.pt", "--attack", "best"),
    ]
    theirs: list[Spent] = []
    mine: dict[tuple[str, ...], list[Spent]] = {audit: [] for audit in audits}
    for turn in range(repeats):
        theirs.append(sacroml(folder, python, references, MODES[0])[0])
        for audit in audits:
            mine[audit].append(ours(folder, audit[0], references, *audit[1:]))
        print(f"turn {turn + 1} of {repeats}; load {os.getloadavg()[0]:.1f}", flush=True)
    their = median(theirs)
    print(f"{'':56}{'process':>9}{'CPU':>9}{'attack':>9}{'AUC':>8}   seconds; ratio of each")
    print(line(f"SACRO-ML, LiRA {MODES[0]}, {references} shadow models", their))
    for audit, runs in mine.items():
        my = median(runs)
        ratios = [getattr(their, part) / getattr(my, part) for part in ("wall", "cpu", "attack")]
        print(line(f"privaudit mia {' '.join(audit)}", my), *(f"{ratio:6.1f}" for ratio in ratios))
    _, auc = sacroml(folder, python, references, *MODES)
    print("SACRO-ML's AUC by mode:", ", ".join(f"{mode} {value:.3f}" for mode, value in auc.items()))
    print(f"wanted: ratios of at least {LIMIT:g} at an AUC no lower; model.pt is another model")


def median(runs: list[Spent]) -> Spent:
    parts = ("wall", "cpu", "attack", "auc")
    return Spent(*(statistics.median(getattr(run, part) for run in runs) for part in parts))


def line(name: str, spent: Spent) -> str:
    return f"{name:56}{spent.wall:9.1f}{spent.cpu:9.1f}{spent.attack:9.1f}{spent.auc:8.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "privaudit-peers")
    parser.add_argument("--references", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.environments.mkdir(parents=True, exist_ok=True)
    report_leakpro()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(make_texts(options.seed), folder)
        run([sys.executable, "-m", "privaudit", "train", "all.tsv", "-o", "model.pt", "-q"], folder)
        python = installed(options.environments, "sacroml", "sacroml==2.0.1")
        compare(folder, python, options.references, options.repeats)


if __name__ == "__main__":
    main()
