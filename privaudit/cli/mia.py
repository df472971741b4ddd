"""``privaudit mia``: membership inference, the main job."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from privaudit.cli import options
from privaudit.cli.command import origins


class ReferenceMode(StrEnum):
    """How much of a Hugging Face model a reference trains."""

    FULL = "full"
    FROZEN = "frozen"


def command(
    ctx: typer.Context,
    model: options.AuditedModel,
    members: options.Members = None,
    nonmembers: options.NonMembers = None,
    data: options.AuditData = None,
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    id_column: options.IdColumn = None,
    group_column: options.GroupColumn = None,
    member_column: options.MemberColumn = None,
    factory: options.Factory = None,
    tokenizer: options.Tokenizer = None,
    trust_pickle: options.TrustPickle = False,
    accept_shift: options.AcceptShift = False,
    attack: Annotated[
        list[str] | None,
        typer.Option(
            "--attack", help="Attack id, repeatable; all = every one.", rich_help_panel=options.ATTACKS
        ),
    ] = None,
    references: Annotated[
        int | None,
        typer.Option(
            "--references",
            help="Reference models to train; default: 8 where the training recipe is known, else 0.",
            envvar="PRIVAUDIT_REFERENCES",
            min=0,
            rich_help_panel=options.REFERENCES,
        ),
    ] = None,
    population: options.Population = None,
    reference_mode: Annotated[
        ReferenceMode,
        typer.Option(
            "--reference-mode",
            help="For Hugging Face models: fine-tune everything, or heads on the frozen encoder.",
            rich_help_panel=options.REFERENCES,
        ),
    ] = ReferenceMode.FULL,
    trainer: options.Trainer = None,
    workers: options.Workers = None,
    ray: options.Ray = None,
    store: options.StoreFolder = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            help="Threshold [attack:]metric[@fpr]>limit, repeatable.",
            rich_help_panel=options.ATTACKS,
        ),
    ] = None,
    on_inconclusive: options.OnInconclusiveOption = options.OnInconclusive.FOUR,
    claim_epsilon: Annotated[
        float | None,
        typer.Option("--claim-epsilon", help="Claimed epsilon.", min=0, rich_help_panel=options.ATTACKS),
    ] = None,
    claim_delta: Annotated[
        float | None,
        typer.Option("--claim-delta", help="Claimed delta.", min=0, max=1, rich_help_panel=options.ATTACKS),
    ] = None,
    claim_noise_multiplier: Annotated[
        float | None,
        typer.Option(
            "--claim-noise-multiplier", help="Noise / clip norm.", min=0, rich_help_panel=options.ATTACKS
        ),
    ] = None,
    claim_sample_rate: Annotated[
        float | None,
        typer.Option(
            "--claim-sample-rate", help="Poisson rate.", min=0, max=1, rich_help_panel=options.ATTACKS
        ),
    ] = None,
    claim_steps: Annotated[
        int | None,
        typer.Option("--claim-steps", help="Noisy steps.", min=1, rich_help_panel=options.ATTACKS),
    ] = None,
    output: options.Output = None,
    html: options.Html = None,
    history: options.History = None,
    mlflow: options.Mlflow = None,
    signals: options.Signals = None,
    show_texts: options.ShowTexts = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
    seed: options.Seed = 0,
    device: options.Device = "cpu",
    threads: options.Threads = None,
    dry_run: options.DryRun = False,
    max_seconds: options.MaxSeconds = None,
    config: options.Config = None,
) -> int:
    """Membership inference on a trained text classifier: the main job.

    A bundle names its own training data: privaudit mia model.pt. Any other model needs --members and
    --nonmembers. With --fail-if the command is a CI gate.
    """
    from privaudit.audits.inputs import Inputs
    from privaudit.audits.membership.plan import MembershipRequest
    from privaudit.audits.run_options import RunOptions
    from privaudit.cli.mia_run import run
    from privaudit.cli.output import Show
    from privaudit.cli.requests import reference_request
    from privaudit.data.audit_set import Columns
    from privaudit.results import claim_from

    del config
    request = MembershipRequest(
        inputs=Inputs(
            model=model,
            members=members,
            nonmembers=nonmembers,
            data=data,
            columns=Columns(text_column, label_column, id_column, group_column, member_column),
            factory=factory,
            tokenizer=tokenizer,
            trust_pickle=trust_pickle,
            device=device,
            threads=threads,
        ),
        attacks=tuple(attack or ()),
        fail_if=tuple(fail_if or ()),
        on_inconclusive=on_inconclusive.value,
        accept_shift=accept_shift,
        show_texts=show_texts,
        claim=claim_from(
            epsilon=claim_epsilon,
            delta=claim_delta,
            noise_multiplier=claim_noise_multiplier,
            sample_rate=claim_sample_rate,
            steps=claim_steps,
        ),
        references=reference_request(
            references,
            population=population,
            mode=reference_mode.value,
            trainer=trainer,
            workers=workers,
            ray=ray,
            store=store,
        ),
        run=RunOptions(seed=seed, max_seconds=max_seconds, argv=tuple(sys.argv[1:]), settings=origins(ctx)),
    )
    show = Show(
        output=output,
        html=html,
        history=history,
        mlflow=mlflow,
        as_json=as_json,
        quiet=quiet,
        verbose=verbose,
        no_color=no_color,
    )
    return run(request, show, signals=signals, dry_run=dry_run)
