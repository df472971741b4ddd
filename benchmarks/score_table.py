"""`privaudit mia` on a large score table, against reading it with pandas and computing one AUC.

Prints the ratio of times and the peak memory above imports, all from one run:

    python benchmarks/score_table.py --rows 1000000 --classes 10
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PEAK = "import resource; peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"

OURS = (
    PEAK
    + """
import contextlib, json, os, sys, time
from privaudit.audits.inputs import Inputs
from privaudit.audits.membership.plan import MembershipRequest, plan_membership
from privaudit.audits.membership.run import run_membership
from privaudit.results import write_result
from pathlib import Path
import pandas, scipy.special, scipy.stats
before, start = peak(), time.perf_counter()
outcome = run_membership(plan_membership(MembershipRequest(Inputs(Path(sys.argv[1])))))
write_result(outcome.result, Path(sys.argv[1]).with_suffix(".json"))
print(json.dumps({"seconds": time.perf_counter() - start, "bytes": peak() - before,
                  "attacks": len(outcome.result.membership)}))
"""
)

THEIRS = (
    PEAK
    + """
import json, sys, time
import pandas
from sklearn.metrics import roc_auc_score
before, start = peak(), time.perf_counter()
table = pandas.read_csv(sys.argv[1])
roc_auc_score(table["member"], table["logit_0"])
print(json.dumps({"seconds": time.perf_counter() - start, "bytes": peak() - before}))
"""
)


def write_table(path: Path, rows: int, classes: int) -> None:
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write("member,label," + ",".join(f"logit_{c}" for c in range(classes)) + "\n")
        for start in range(0, rows, 100_000):
            n = min(100_000, rows - start)
            member, label = rng.integers(2, size=n), rng.integers(classes, size=n)
            logits = rng.normal(size=(n, classes))
            logits[np.arange(n), label] += 2 + member
            np.savetxt(
                file,
                np.column_stack([member, label, logits]),
                fmt=["%d", "%d"] + ["%.15f"] * classes,
                delimiter=",",
            )


def measure(code: str, path: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "scores.csv"
        write_table(table, options.rows, options.classes)
        pairs = [(measure(OURS, table), measure(THEIRS, table)) for _ in range(options.repeats)]
    ours, theirs = (statistics.median(pair[k]["seconds"] for pair in pairs) for k in (0, 1))
    ratio = statistics.median(a["seconds"] / b["seconds"] for a, b in pairs)
    in_float64 = options.rows * (options.classes + 2) * 8
    memory = max(a["bytes"] for a, _ in pairs)
    print(f"table: {options.rows:,} rows x {options.classes} classes; {in_float64 / 1e6:.0f} MB in float64")
    attacks, their_memory = pairs[0][0]["attacks"], pairs[0][1]["bytes"]
    print(f"pandas and roc_auc_score: {theirs:.2f} s, peak {their_memory / 1e6:.0f} MB above imports")
    print(f"privaudit mia, {attacks} attacks: {ours:.2f} s, peak {memory / 1e6:.0f} MB above imports")
    print(f"time ratio {ratio:.2f} (at most 5); memory ratio {memory / in_float64:.2f} (at most 3)")


if __name__ == "__main__":
    main()
