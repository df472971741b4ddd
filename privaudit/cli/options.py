"""Options that several commands share: one name, one help text, one environment variable each."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

INPUTS, ATTACKS, TRAINING, OUTPUT, RUNTIME = "Inputs", "Attacks", "Training", "Output", "Runtime"
REFERENCES = "References"


class OnInconclusive(StrEnum):
    """What an inconclusive verdict does to the exit code."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    FOUR = "4"


Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write the result as JSON; - for stdout.",
        envvar="PRIVAUDIT_OUTPUT",
        rich_help_panel=OUTPUT,
    ),
]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html",
        help="Write the report as one static page.",
        envvar="PRIVAUDIT_HTML",
        rich_help_panel=OUTPUT,
    ),
]
History = Annotated[
    Path | None,
    typer.Option(
        "--history",
        help="Add the result to a file of results over time; it is made on first use.",
        envvar="PRIVAUDIT_HISTORY",
        rich_help_panel=OUTPUT,
    ),
]
Mlflow = Annotated[
    str | None,
    typer.Option(
        "--mlflow",
        help="Log the result to MLflow: a folder such as ./mlruns, or a tracking URI.",
        envvar="PRIVAUDIT_MLFLOW",
        rich_help_panel=OUTPUT,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel=OUTPUT)]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No messages, no progress.", rich_help_panel=OUTPUT)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.", rich_help_panel=OUTPUT)]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours or styles.", rich_help_panel=OUTPUT)]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        help="Root of all random draws.",
        envvar="PRIVAUDIT_SEED",
        min=0,
        rich_help_panel=RUNTIME,
    ),
]
Device = Annotated[
    str,
    typer.Option("--device", help="cpu, cuda or cuda:N.", envvar="PRIVAUDIT_DEVICE", rich_help_panel=RUNTIME),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        help="CPU threads; default: as many as torch takes.",
        envvar="PRIVAUDIT_THREADS",
        min=1,
        rich_help_panel=RUNTIME,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print the plan with its cost, run nothing.", rich_help_panel=RUNTIME),
]
MaxSeconds = Annotated[
    float | None,
    typer.Option(
        "--max-seconds",
        help="Stop in order after this time; what is missing is inconclusive.",
        envvar="PRIVAUDIT_MAX_SECONDS",
        min=0,
        rich_help_panel=RUNTIME,
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option("--text-column", help="Column of the texts.", rich_help_panel=INPUTS),
]
LabelColumn = Annotated[
    str | None,
    typer.Option("--label-column", help="Column of the labels.", rich_help_panel=INPUTS),
]
IdColumn = Annotated[
    str | None,
    typer.Option("--id-column", help="Column of record ids.", rich_help_panel=INPUTS),
]
GroupColumn = Annotated[
    str | None,
    typer.Option(
        "--group-column",
        help="Column of the unit of privacy (a user): its records stay together.",
        rich_help_panel=INPUTS,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Defaults; else privaudit.toml, else [tool.privaudit] in pyproject.toml.",
        envvar="PRIVAUDIT_CONFIG",
        rich_help_panel=RUNTIME,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        help="Processes that train further models; default: one per core.",
        envvar="PRIVAUDIT_WORKERS",
        min=1,
        rich_help_panel=REFERENCES,
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        help="Train further models on a Ray cluster: auto, local or an address.",
        envvar="PRIVAUDIT_RAY",
        rich_help_panel=REFERENCES,
    ),
]
StoreFolder = Annotated[
    Path | None,
    typer.Option(
        "--store",
        help="Where models that were trained for audits are kept; default: the user's cache folder.",
        envvar="PRIVAUDIT_STORE",
        rich_help_panel=REFERENCES,
    ),
]
OnInconclusiveOption = Annotated[
    OnInconclusive,
    typer.Option(
        "--on-inconclusive",
        help="Exit code when the sample cannot decide.",
        rich_help_panel=ATTACKS,
    ),
]
Signals = Annotated[
    Path | None,
    typer.Option("--signals", help="Write the evidence (npz, mode 0600).", rich_help_panel=OUTPUT),
]
Factory = Annotated[
    str | None,
    typer.Option(
        "--factory",
        help="package.module:function that returns (module, encoder) for a state_dict.",
        rich_help_panel=INPUTS,
    ),
]
Tokenizer = Annotated[
    Path | None,
    typer.Option("--tokenizer", help="Tokenizer directory for an ONNX file.", rich_help_panel=INPUTS),
]
TrustPickle = Annotated[
    bool,
    typer.Option(
        "--trust-pickle",
        help="Open a .joblib or .pkl, which RUNS CODE from the file.",
        rich_help_panel=INPUTS,
    ),
]
AuditedModel = Annotated[
    Path,
    typer.Argument(help="Bundle, Hugging Face directory, state_dict, skops, ONNX, or table of scores."),
]
Members = Annotated[
    Path | None,
    typer.Option("--members", help="Records the model was trained on.", rich_help_panel=INPUTS),
]
NonMembers = Annotated[
    Path | None,
    typer.Option("--nonmembers", help="Records it never saw.", rich_help_panel=INPUTS),
]
AuditData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="One file with a membership column, or where the bundle's training file is now.",
        rich_help_panel=INPUTS,
    ),
]
MemberColumn = Annotated[
    str | None,
    typer.Option("--member-column", help="Column that tells members.", rich_help_panel=INPUTS),
]
AcceptShift = Annotated[
    bool,
    typer.Option(
        "--accept-shift",
        help="Judge even if the texts alone tell members from non-members.",
        rich_help_panel=INPUTS,
    ),
]
Population = Annotated[
    Path | None,
    typer.Option(
        "--population",
        help="Train references on these records instead of the audited ones (offline attacks).",
        rich_help_panel=REFERENCES,
    ),
]
Trainer = Annotated[
    str | None,
    typer.Option(
        "--trainer",
        help="package.module:function that trains one model as yours was trained.",
        rich_help_panel=REFERENCES,
    ),
]
ShowTexts = Annotated[
    bool,
    typer.Option(
        "--show-texts",
        help="Put texts of exposed records into the result.",
        rich_help_panel=OUTPUT,
    ),
]
ShowSecrets = Annotated[
    bool,
    typer.Option(
        "--show-secrets",
        help="Put secrets and found texts into the result.",
        rich_help_panel=OUTPUT,
    ),
]
LabelledData = Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet with texts and labels.")]
