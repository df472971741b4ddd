"""``privaudit audit``: membership, extraction and the test of a claimed epsilon, in one result."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from privaudit.cli import options
from privaudit.cli.command import origins

_CANARIES, _CLAIM = "Canaries", "Claim"


class AuditPart(StrEnum):
    """What an audit consists of."""

    MEMBERSHIP = "membership"
    EXTRACTION = "extraction"
    EPSILON = "epsilon"


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
    part: Annotated[
        list[AuditPart] | None,
        typer.Option(
            "--part",
            help="membership, extraction, epsilon; repeatable. Default: membership, and what --canaries and "
            "--runs allow.",
            rich_help_panel=options.ATTACKS,
        ),
    ] = None,
    attack: Annotated[
        list[str] | None,
        typer.Option(
            "--attack",
            help="Membership attack, repeatable; all = every one.",
            rich_help_panel=options.ATTACKS,
        ),
    ] = None,
    extraction_attack: Annotated[
        list[str] | None,
        typer.Option(
            "--extraction-attack",
            help="Extraction attack, repeatable; see `privaudit extract`.",
            rich_help_panel=options.ATTACKS,
        ),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            help="Threshold [attack:]metric[@fpr]>limit, repeatable; epsilon>4 for the lower bound.",
            rich_help_panel=options.ATTACKS,
        ),
    ] = None,
    on_inconclusive: options.OnInconclusiveOption = options.OnInconclusive.FOUR,
    canaries: Annotated[
        Path | None,
        typer.Option(
            "--canaries",
            help="Manifest of `privaudit canary plant`: with coins for epsilon, without for extraction.",
            rich_help_panel=_CANARIES,
        ),
    ] = None,
    controls: Annotated[
        int | None,
        typer.Option(
            "--controls",
            help="Clean models to compare extraction with; default: 4 where the recipe is known and cheap.",
            min=0,
            rich_help_panel=_CANARIES,
        ),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option("--control", help="Your own clean model for extraction.", rich_help_panel=_CANARIES),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            "--runs",
            help="Test epsilon on so many models of the same recipe, one canary and one coin each.",
            rich_help_panel=_CANARIES,
        ),
    ] = None,
    canary_text: Annotated[
        str | None,
        typer.Option(
            "--canary-text",
            help="Of --runs; default: a word that no record has, repeated.",
            rich_help_panel=_CANARIES,
        ),
    ] = None,
    canary_label: Annotated[
        str | None,
        typer.Option("--canary-label", help="Its class; default: a random one.", rich_help_panel=_CANARIES),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            help="Of --runs: score from which a model is called in, for the bound of Clopper and Pearson; "
            "fix it before you see any score.",
            rich_help_panel=_CANARIES,
        ),
    ] = None,
    control_runs: Annotated[
        int | None,
        typer.Option(
            "--control-runs",
            help="Models without privacy, which the test must find out; 0 = none. Default: 1, with --runs as "
            "many, up to 100.",
            min=0,
            rich_help_panel=_CANARIES,
        ),
    ] = None,
    claim: Annotated[
        Path | None,
        typer.Option(
            "--claim", help="File in which a private run recorded its claim.", rich_help_panel=_CLAIM
        ),
    ] = None,
    claim_epsilon: Annotated[
        float | None,
        typer.Option("--claim-epsilon", help="Claimed epsilon.", min=0, rich_help_panel=_CLAIM),
    ] = None,
    claim_delta: Annotated[
        float | None,
        typer.Option("--claim-delta", help="Claimed delta.", min=0, max=1, rich_help_panel=_CLAIM),
    ] = None,
    claim_noise_multiplier: Annotated[
        float | None,
        typer.Option("--claim-noise-multiplier", help="Noise / clip norm.", min=0, rich_help_panel=_CLAIM),
    ] = None,
    claim_sample_rate: Annotated[
        float | None,
        typer.Option("--claim-sample-rate", help="Poisson rate.", min=0, max=1, rich_help_panel=_CLAIM),
    ] = None,
    claim_steps: Annotated[
        int | None,
        typer.Option("--claim-steps", help="Noisy steps.", min=1, rich_help_panel=_CLAIM),
    ] = None,
    references: Annotated[
        int | None,
        typer.Option(
            "--references",
            help="Reference models for membership; default: 8 where the training recipe is known, else 0.",
            envvar="PRIVAUDIT_REFERENCES",
            min=0,
            rich_help_panel=options.REFERENCES,
        ),
    ] = None,
    population: options.Population = None,
    trainer: options.Trainer = None,
    workers: options.Workers = None,
    ray: options.Ray = None,
    store: options.StoreFolder = None,
    output: options.Output = None,
    html: options.Html = None,
    history: options.History = None,
    mlflow: options.Mlflow = None,
    signals: Annotated[
        Path | None,
        typer.Option(
            "--signals",
            help="Write the evidence of each part: FILE.npz gives FILE.membership.npz, FILE.epsilon.npz, …",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    show_texts: options.ShowTexts = False,
    show_secrets: options.ShowSecrets = False,
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
    """Everything at once: membership, extraction, and whether attacks contradict the claimed epsilon.

    For epsilon: privaudit canary plant DATA --include coin, privaudit train PLANTED --canaries MANIFEST, then
    privaudit audit model.pt --canaries MANIFEST. Or --runs N, which trains N models and needs no planting.
    """
    from privaudit.audits.epsilon import EpsilonRequest
    from privaudit.audits.epsilon.recipes import CanarySpec
    from privaudit.audits.extraction import ExtractionRequest
    from privaudit.audits.full import AuditRequest
    from privaudit.audits.inputs import Inputs
    from privaudit.audits.membership.plan import MembershipRequest
    from privaudit.audits.run_options import RunOptions
    from privaudit.cli.audit_run import given_claim, run
    from privaudit.cli.output import Show
    from privaudit.cli.requests import backend_of, control_request, reference_request, store_root
    from privaudit.data.audit_set import Columns

    del config
    claimed = given_claim(
        claim,
        epsilon=claim_epsilon,
        delta=claim_delta,
        noise_multiplier=claim_noise_multiplier,
        sample_rate=claim_sample_rate,
        steps=claim_steps,
    )
    inputs = Inputs(
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
    )
    run_options = RunOptions(
        seed=seed, max_seconds=max_seconds, argv=tuple(sys.argv[1:]), settings=origins(ctx)
    )
    membership = MembershipRequest(
        inputs=inputs,
        attacks=tuple(attack or ()),
        accept_shift=accept_shift,
        show_texts=show_texts,
        claim=claimed,
        references=reference_request(
            references, population=population, trainer=trainer, workers=workers, ray=ray, store=store
        ),
        run=run_options,
    )
    extraction = None
    if canaries is not None:
        extraction = ExtractionRequest(
            inputs=inputs,
            canaries=canaries,
            attacks=tuple(extraction_attack or ()),
            controls=control_request(controls, control, workers=workers, ray=ray, store=store),
            show_secrets=show_secrets,
            run=run_options,
        )
    epsilon = EpsilonRequest(
        inputs=inputs,
        store=store_root(store),
        backend=backend_of(workers, ray),
        canaries=canaries,
        runs=runs,
        canary_spec=CanarySpec(canary_text, canary_label),
        claim=claimed,
        control_runs=control_runs,
        threshold=threshold,
        run=run_options,
    )
    request = AuditRequest(
        membership=membership,
        extraction=extraction,
        epsilon=epsilon,
        parts=tuple(dict.fromkeys(chosen.value for chosen in part or ())),
        fail_if=tuple(fail_if or ()),
        on_inconclusive=on_inconclusive.value,
        run=run_options,
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
