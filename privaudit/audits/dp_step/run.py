"""The self-test of a private step: probes, a pilot, the runs that judge, and two controls."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from privaudit import gate
from privaudit.audits.dp_step.design import CONTROL_FACTOR, Design
from privaudit.audits.dp_step.loading import OWN_STEP, LoadedStep, loaded_step
from privaudit.audits.dp_step.observe import noisy_sum
from privaudit.audits.dp_step.probes import inspect_step
from privaudit.audits.dp_step.runs import Draw, Observed, Pilot, run_many, run_pilot
from privaudit.audits.dp_step.toy import EVERYWHERE, KINDS, Branches
from privaudit.audits.run_options import RunOptions
from privaudit.claim_test.epsilon_result import ClaimTest
from privaudit.claim_test.hypothesis import hypothesis_of
from privaudit.claim_test.many_run_audit import audit_many_runs, rank_outcome
from privaudit.claim_test.verdict import LEVEL, control
from privaudit.progress import SILENT, Progress
from privaudit.provenance import now, tool
from privaudit.results import Claim, Control, Data, Epsilon, Model, Result, StaticCheck, no_baseline
from privaudit.stats.bounds.rank_test import DRAWS
from privaudit.stopwatch import Stopwatch

_PLACES = tuple(
    zip(("an embedding row of its own", "a shared one", "a weight", "a bias"), KINDS.values(), strict=True)
)
_SCORE = (
    "log-likelihood ratio of the noisy sums along the canary's gradient, summed over the steps; centred and"
    " scaled by runs of their own"
)
_CANARIES = (
    "one per run, its gradient a thousand times the clip norm and by chance in one place: "
    + ", ".join(f"{where} ({share:.0%} of the runs)" for where, share in _PLACES)
    + "; beside it, except in a row of its own, a batch of opposite gradients"
)
_ADVERSARY = "sees the noisy gradient of every step, and knows all records but the canary's presence"
_LOOK = {
    "adjacency": "Adjacency: one record is added or removed; does anything depend on their number?",
    "sampler": "Sampler: a coin of its own for every record in every step, with the rate that is accounted.",
    "clipping": "Clipping: every record's gradient, over all parameters together, before anything is summed.",
    "noise": "Noise: noise_multiplier * clip_norm in every coordinate of the sum, before it is divided.",
    "normaliser": "Normaliser: a constant, not the size of the batch that came.",
    "seed": "Seed: noise of its own for every step and every parameter.",
}


@dataclass(frozen=True)
class SelfTestRequest:
    """What the user asked ``privaudit epsilon selftest`` for."""

    step: str = OWN_STEP
    """``package.module:function``."""
    design: Design = field(default_factory=Design)
    on_inconclusive: gate.OnInconclusive = "4"
    threads: int | None = None
    run: RunOptions = field(default_factory=RunOptions)


def run_selftest(request: SelfTestRequest, progress: Progress = SILENT) -> Result:
    """Test the step and judge.

    Raises:
        UsageError: there is no such step, or it fails, or it returns something other than gradients.
    """
    watch, design, seed = Stopwatch(), request.design, request.run.seed
    with loaded_step(request.step) as step:
        # NOTE: what is unusable is refused by the first call, before minutes of work.
        noisy_sum(step, design.toy.task(design.toy.scene(EVERYWHERE, included=True), seed))
        with watch.stage("probes"):
            checks = inspect_step(step, design.toy, [seed, Draw.PROBES])
        with watch.stage("runs"):
            pilot = run_pilot(step, design.toy, design.steps, seed, progress)
            observed = run_many(
                step, design.toy, pilot, steps=design.steps, runs=design.runs, seed=seed, progress=progress
            )
        with watch.stage("controls"):
            quiet = _with_less_noise(step, design, pilot, seed, progress)
        model = _model(step)
    with watch.stage("statistics"):
        epsilon = judge(design, observed, quiet, checks, seed)
    return Result(
        tool=tool(),
        created=now(),
        command="epsilon selftest",
        model=model,
        data=_data(observed),
        claim=claim_of(design),
        epsilon=epsilon,
        verdict=gate.judge((), comparable=None, epsilon=epsilon, on_inconclusive=request.on_inconclusive),
        provenance=request.run.provenance(watch, threads=request.threads, device="cpu"),
    )


def claim_of(design: Design) -> Claim:
    """What every run is claimed to keep."""
    return Claim(
        noise_multiplier=design.noise_multiplier,
        sample_rate=design.sample_rate,
        steps=design.steps,
        clip_norm=design.clip_norm,
        delta=design.delta,
        sampler="poisson",
        adjacency="add-or-remove-one",
        unit="record",
        normaliser=f"{design.toy.expected_batch_size}, fixed",
        source="the design of the self-test",
    )


def judge(
    design: Design, observed: Observed, quiet: Observed, checks: Sequence[StaticCheck], seed: int = 0
) -> Epsilon:
    """The verdict with its controls and probes.

    Args:
        design: fixed beforehand.
        observed: the runs of the test.
        quiet: runs of the positive control.
        checks: what the probes found.
        seed: of ties and of the test's null.
    """
    asked = ClaimTest(
        claim=claim_of(design),
        score=_SCORE,
        canaries=_CANARIES,
        threat_model=_ADVERSARY,
        seed=seed,
        controls=[_positive(design, quiet, seed)],
        checks=checks,
    )
    found = audit_many_runs(observed.scores, observed.included, asked, design="self-test")
    doubts = [check.id for check in checks if check.status == "warning"]
    if found.verdict == "violated":
        return found.model_copy(update={"checklist": _checklist(doubts)})
    blind = any(c.name == "positive" and c.passed is False for c in found.controls)
    if found.p_value is None or found.p_value < LEVEL or not (doubts or blind):
        return found
    sentence = f"The test found no violation (p = {found.p_value:.2g}), "
    if doubts:
        sentence += f"but the inspection of the step did ({', '.join(doubts)}): fix that, then test again."
    else:
        sentence += (
            f"but it finds none with {CONTROL_FACTOR:g} of the noise either: use more runs or more steps."
        )
    return found.model_copy(update={"verdict": "inconclusive", "sentence": sentence})


def _positive(design: Design, quiet: Observed, seed: int) -> Control:
    hypothesis = hypothesis_of(claim_of(design), None, 1)
    outcome = rank_outcome(hypothesis, quiet.scores, quiet.included, seed, DRAWS)
    return control(
        "positive",
        f"{design.control_runs} runs of the same step with {CONTROL_FACTOR:g} of the noise must violate",
        None if outcome is None else outcome.p_value,
    )


def _checklist(doubts: Sequence[str]) -> tuple[str, ...]:
    """Where to look, what the inspection doubts first."""
    return tuple(_LOOK[name] for name in (*doubts, *(name for name in _LOOK if name not in doubts)))


def _with_less_noise(
    step: LoadedStep, design: Design, pilot: Pilot, seed: int, progress: Progress
) -> Observed:
    return run_many(
        step,
        design.toy,
        pilot,
        steps=design.steps,
        runs=design.control_runs,
        seed=seed,
        noise=CONTROL_FACTOR * design.noise_multiplier,
        draw=Draw.POSITIVE,
        progress=progress,
        task="control runs",
    )


def _model(step: LoadedStep) -> Model:
    """The step in the place of a model: its source is what was audited."""
    source = step.source
    named = step.name if source is None else f"{step.name} {source.sha256}"
    return Model(
        path=step.name,
        format="private step",
        architecture="an embedding and a linear layer side by side",
        loader="imported, which runs its code",
        files=() if source is None else (source,),
        digest=hashlib.sha256(named.encode()).hexdigest(),
        parameters=sum(parameter.numel() for parameter in Branches().parameters()),
        access="gradients",
    )


def _data(observed: Observed) -> Data:
    return Data(
        source="coin-split",
        n_members=int(observed.included.sum()),
        n_nonmembers=int((~observed.included).sum()),
        blind_baseline=no_baseline("coins of this test decided in which runs the canary is"),
    )
