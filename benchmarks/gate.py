"""The time of ``privaudit gate`` on a large result, against a process that imports typer, rich and pydantic.

    python benchmarks/gate.py --repeats 15

All are fresh processes of the same interpreter, run in turns; a ratio is the median over the turns. The
three packages load lazily, and pydantic imports more of itself when the first model is defined. So the limit
is for a process that imports the names which programs use and defines one model. Printed beside it are the
ratios to the imported names alone, to the bare import statements, which load little, and to an empty Typer
command, than which no command is faster. The result is made here: attacks, slices, records, and canaries.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from startup import imported, seconds

from privaudit.results import (
    FPRS,
    BlindBaseline,
    Data,
    ExposedRecord,
    Extraction,
    Interval,
    Membership,
    Model,
    Provenance,
    Result,
    Roc,
    Slice,
    Tool,
    TprAtFpr,
    Verdict,
    write_result,
)

LIMIT = 1.5
HEAVY = {"torch", "transformers", "sklearn", "pandas", "scipy", "numpy", "jinja2"}
USED = """
from typer import Typer
from rich.console import Console
from rich.table import Table
from pydantic import BaseModel
"""
MODEL = """
class Row(BaseModel):
    number: int
"""
EMPTY = """
from pathlib import Path
import typer
app = typer.Typer(add_completion=False, rich_markup_mode=None)
@app.command()
def command(path: Path) -> None: ...
app(["result.json"])
"""
BASELINES = {
    "names imported, one model": USED + MODEL,
    "names imported": USED,
    "bare import statements": "import typer, rich, pydantic",
    "an empty Typer command": EMPTY,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--megabytes", type=float, default=5.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        write_large(path, arguments.megabytes * 1e6)
        gate = [sys.executable, "-m", "privaudit", "gate", str(path), "--fail-if", "loss:auc>0.9"]
        commands = {name: [sys.executable, "-c", code] for name, code in BASELINES.items()}
        commands["privaudit gate"] = gate
        turns = [
            dict(zip(commands, map(seconds, commands.values()), strict=True))
            for _ in range(arguments.repeats + 1)
        ][1:]  # the first warms up
        loaded = imported(gate) & HEAVY
    for name in commands:
        print(f"{name:26s} {1000 * statistics.median(turn[name] for turn in turns):5.0f} ms")
    ratios = {
        name: statistics.median(turn["privaudit gate"] / turn[name] for turn in turns) for name in BASELINES
    }
    for name, ratio in ratios.items():
        print(f"ratio to {name!r}: {ratio:.2f}")
    decisive = next(iter(ratios.values()))
    print(f"the first is at most {LIMIT}; heavy imports: {', '.join(sorted(loaded)) or 'none'}")
    sys.exit(decisive > LIMIT or bool(loaded))


def write_large(path: Path, size: float) -> None:
    """A result of about so many bytes: a third each are slices, exposed records, and canaries."""
    small = make_result(10)
    write_result(small, path)
    least = path.stat().st_size
    write_result(make_result(110), path)
    write_result(make_result(round(10 + 100 * (size - least) / (path.stat().st_size - least))), path)


def make_result(n: int) -> Result:
    number = Interval(value=0.61, low=0.58, high=0.64, low_simultaneous=0.57)
    nothing = Interval(value=None, low=None, high=None, reason="no texts")
    rates = tuple(
        TprAtFpr(fpr=f, tpr=0.1, low=0.05, high=0.2, low_simultaneous=0.04, measurable=True) for f in FPRS
    )
    curve = tuple(k / 300 for k in range(301))
    attacks = [
        Membership(
            attack=name, access="score", n_members=5000, n_nonmembers=5000, n_references=8, auc=number,
            auc_within_class=number, tpr_at_fpr=rates, advantage=number, seconds=1.0,
            roc=Roc(fpr=curve, tpr=curve),
        )
        for name in ("loss", "vocabulary", "rmia", "lira-eb")
    ]  # fmt: skip
    slices = [
        Slice(by="class", value=f"intent {k}", attack="loss", n_members=40, n_nonmembers=40, auc=number,
              tpr_at_fpr=rates[2:])
        for k in range(n)
    ]  # fmt: skip
    records = [
        ExposedRecord(id=f"record {k}", attack="loss", score=1.25, fpr=0.01, odds=9.5) for k in range(5 * n)
    ]
    extraction = [
        Extraction(
            canary=f"pin {k}", attack="enumerate", objective="margin", label="pay", repetitions=10,
            included=True, secret_length=4, candidates=10_000, exact_match=False, hamming=2, rank=17,
            rank_exact=True, n_ranked=10_000, exposure_bits=number, p_value=0.1, evaluations=10_000,
            seconds=0.5,
        )
        for k in range(n // 2)
    ]  # fmt: skip
    return Result(
        tool=Tool(version="0"),
        created="2026-01-01T00:00:00+00:00",
        command="audit",
        model=Model(
            path="nowhere.pt", format="bundle", architecture="bow", loader="l", files=(), digest="ab" * 32,
            access="weights",
        ),
        data=Data(
            source="files", n_members=5000, n_nonmembers=5000,
            blind_baseline=BlindBaseline(auc=nothing, comparable=True),
        ),
        membership=attacks,
        slices=slices,
        records=records,
        extraction=extraction,
        verdict=Verdict(status="not-judged", sentence="s"),
        provenance=Provenance(argv=(), seed=0, python="3", platform="p", versions={}, seconds=1.0),
    )  # fmt: skip


if __name__ == "__main__":
    main()
