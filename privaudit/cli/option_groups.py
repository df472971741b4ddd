"""Options that several commands share, each declared once: see :mod:`privaudit.cli.flatten`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import typer

from privaudit.cli.command import origins
from privaudit.cli.flatten import flag, group, option

if TYPE_CHECKING:
    from privaudit.audits.inputs import Inputs
    from privaudit.audits.run_options import RunOptions
    from privaudit.data.columns import Columns

OnInconclusive = Literal["pass", "fail", "4"]
INPUTS, ATTACKS, TRAINING, OUTPUT, CANARIES = "Inputs", "Attacks", "Training", "Output", "Canaries"


@group
class ColumnOptions:
    """Names of columns."""

    section: ClassVar = INPUTS
    text_column: Annotated[str | None, option("NAME", "Column with the texts.")] = None
    label_column: Annotated[str | None, option("NAME", "Column with the labels.")] = None
    id_column: Annotated[str | None, option("NAME", "Column with record ids.")] = None
    group_column: Annotated[
        str | None,
        option("NAME", "Column with the unit of privacy, such as a user; its records stay together."),
    ] = None

    def columns(self, member: str | None = None) -> "Columns":
        """The names, with that of the membership column."""
        from privaudit.data.columns import Columns

        return Columns(self.text_column, self.label_column, self.id_column, self.group_column, member)


@group
class LoadOptions:
    """What a model file needs to be opened."""

    section: ClassVar = INPUTS
    factory: Annotated[
        str | None, option("MODULE:FUNCTION", "Function that returns (module, encoder) for a state_dict.")
    ] = None
    tokenizer: Annotated[Path | None, option("DIR", "Tokenizer directory for an ONNX file.")] = None
    trust_pickle: Annotated[bool, flag("Open a .joblib or .pkl file, which RUNS CODE from it.")] = False


@group
class InputOptions:
    """The audited model and the records."""

    section: ClassVar = INPUTS
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="Bundle, Hugging Face directory, state_dict, skops, ONNX, or table of scores.",
        ),
    ]
    members: Annotated[Path | None, option("FILE", "Records the model was trained on.")] = None
    nonmembers: Annotated[Path | None, option("FILE", "Records the model never saw.")] = None
    data: Annotated[
        Path | None,
        option("FILE", "One file with a membership column, or the bundle's training file if it has moved."),
    ] = None
    columns: ColumnOptions
    member_column: Annotated[str | None, option("NAME", "Column marking members (1/0).")] = None
    loading: LoadOptions
    accept_shift: Annotated[
        bool, flag("Judge even if the texts alone separate members from non-members.")
    ] = False

    def opened_from(self, runtime: "RuntimeOptions") -> "Inputs":
        """The request for the model and its records."""
        from privaudit.audits.inputs import Inputs

        return Inputs(
            model=self.model,
            members=self.members,
            nonmembers=self.nonmembers,
            data=self.data,
            columns=self.columns.columns(self.member_column),
            **vars(self.loading),
            device=runtime.device,
            threads=runtime.threads,
        )


@group
class LimitOptions:
    """When leakage fails the build."""

    section: ClassVar = ATTACKS
    fail_if: Annotated[
        list[str] | None,
        option(
            "EXPR",
            'Fail if [attack:]metric[@fpr]>limit, such as "tpr@0.01>0.05" or "exposure>10"; repeatable.',
        ),
    ] = None
    on_inconclusive: Annotated[
        OnInconclusive | None, option(None, "Exit code when the sample cannot decide.")
    ] = "4"

    @property
    def when_inconclusive(self) -> OnInconclusive:
        """What an inconclusive verdict does, where no policy says it."""
        return self.on_inconclusive or "4"

    @property
    def expressions(self) -> tuple[str, ...]:
        """The limits as typed."""
        return tuple(self.fail_if or ())


@group
class AttackOptions:
    """The attacks to run and their limits."""

    section: ClassVar = ATTACKS
    attack: Annotated[
        list[str] | None,
        option("ID", "Attack to run, repeatable; all = every one. See privaudit attacks list."),
    ] = None
    limits: LimitOptions

    @property
    def ids(self) -> tuple[str, ...]:
        """The attacks as typed; empty means the default set."""
        return tuple(self.attack or ())


@group
class OutputOptions:
    """What the user wants to see, and where."""

    section: ClassVar = OUTPUT
    output: Annotated[
        Path | None,
        option(
            "FILE", "Write the result as JSON; - for stdout.", "--output", "-o", envvar="PRIVAUDIT_OUTPUT"
        ),
    ] = None
    html: Annotated[
        Path | None, option("FILE", "Write the report as one static page.", envvar="PRIVAUDIT_HTML")
    ] = None
    history: Annotated[
        Path | None,
        option("FILE", "Add the result to a history file, created on first use.", envvar="PRIVAUDIT_HISTORY"),
    ] = None
    mlflow: Annotated[
        str | None,
        option(
            "URI",
            "Log the result to MLflow: a folder such as ./mlruns, or a tracking URI.",
            envvar="PRIVAUDIT_MLFLOW",
        ),
    ] = None
    signals: Annotated[Path | None, option("FILE", "Write the evidence (npz, mode 0600).")] = None
    show_texts: Annotated[bool, flag("Include the texts of exposed records in the result.")] = False
    show_secrets: Annotated[bool, flag("Include secrets and recovered texts in the result.")] = False
    as_json: Annotated[bool, flag("Print the result as JSON.", "--json")] = False
    quiet: Annotated[bool, flag("No messages, no progress.", "--quiet", "-q")] = False
    verbose: Annotated[bool, flag("Print more detail.", "--verbose", "-v")] = False
    no_color: Annotated[bool, flag("No colours or styles.")] = False

    @property
    def files(self) -> tuple[Path | None, ...]:
        """Where something is written."""
        return self.output, self.html, self.history

    @property
    def to_stdout(self) -> bool:
        """Whether the JSON itself goes to stdout, and so nothing else may."""
        return self.as_json or str(self.output) == "-"


@group
class RuntimeOptions:
    """How a command runs."""

    section: ClassVar = "Runtime"
    context: typer.Context
    seed: Annotated[int, option("N", "Seed of all random draws.", envvar="PRIVAUDIT_SEED", min=0)] = 0
    device: Annotated[str, option("DEVICE", "cpu, cuda or cuda:N.", envvar="PRIVAUDIT_DEVICE")] = "cpu"
    threads: Annotated[
        int | None, option("N", "CPU threads; default: torch's choice.", envvar="PRIVAUDIT_THREADS", min=1)
    ] = None
    dry_run: Annotated[bool, flag("Print the plan and its cost, run nothing.")] = False
    max_seconds: Annotated[
        float | None,
        option(
            "SECONDS",
            "Stop in good order after this time; anything missing is inconclusive.",
            envvar="PRIVAUDIT_MAX_SECONDS",
            min=0,
        ),
    ] = None
    config: Annotated[
        Path | None,
        option(
            "FILE",
            "Configuration; default: privaudit.toml, else [tool.privaudit] in pyproject.toml.",
            envvar="PRIVAUDIT_CONFIG",
        ),
    ] = None

    def run(self) -> "RunOptions":
        """What every request records of how it was made."""
        from privaudit.audits.run_options import RunOptions

        return RunOptions(self.seed, self.max_seconds, tuple(sys.argv[1:]), origins(self.context))
