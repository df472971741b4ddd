"""A page of every kind of result, and Chromium to open it in."""

import math
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright
from scipy.stats import norm

from privaudit.audits.inputs import Inputs
from privaudit.audits.membership.plan import MembershipRequest, plan_membership
from privaudit.audits.membership.run import run_membership
from privaudit.reports.formats.html import html
from privaudit.results import (
    Allowed,
    AttackOverModels,
    Change,
    Claim,
    Comparison,
    Control,
    Curve,
    EmpiricalRoc,
    Epsilon,
    EpsilonSweep,
    EpsilonSweepRow,
    Extraction,
    Interval,
    LowerBound,
    MeanOverModels,
    NotRun,
    Part,
    StaticCheck,
    Sweep,
    SweepDefence,
)

PAGES = (
    "fail", "pass", "inconclusive", "compared", "extraction", "secrets", "epsilon", "sweep", "epsilon-sweep",
    "hostile",
)  # fmt: skip
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PROBE = Path(__file__).with_name("probe.js").read_text(encoding="utf-8")
ATTACKS = (
    "<script>window.tripped = 'script'</script>",
    '"><img src=x onerror="window.tripped = 1">',
    "</style><style>@import 'http://example.org/x.css';</style>",
    "</title><svg onload=alert(1)><a href='javascript:alert(1)'>x</a></svg>",
    "]]>--><iframe srcdoc='<script>parent.tripped = 2</script>'></iframe>",
    "<form action=http://example.org><input autofocus onfocus=alert(2)></form>",
    "<meta http-equiv=refresh content='0;url=http://example.org'><base href=http://example.org>",
)
STEERING = (
    "{{ 7 * 7 }}{% raw %} ${alert(1)} &#x3C;b&#x3E;",
    "\x1b[31mred\x1b[0m\x00\x08 \u202etxt.exe\u2066 \ud800",
)
HOSTILE = " ".join(ATTACKS + STEERING)
LONG = "W" * 10_000


@dataclass
class Opened:
    """A page with what happened while it was open."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """Console messages, errors and dialogs."""

    def probe(self, question, *given):
        """What ``probe.js`` finds on the page."""
        return self.page.evaluate(f"given => ({PROBE.strip()}).{question}(...given)", list(given))


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is missing. Install it: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def opened(chromium):
    """Open an address in a window of its own."""

    @contextmanager
    def use(address, *, width=1440, height=900, tripwires="", **options):
        size = {"width": width, "height": height}
        context = chromium.new_context(viewport=size, **options)
        page = context.new_page()
        seen = Opened(page)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (seen.complaints.append(dialog.message), dialog.dismiss()))
        page.on("popup", lambda popup: seen.complaints.append(f"popup {popup.url}"))
        if tripwires:
            page.add_init_script(tripwires)
        page.goto(address)
        yield seen
        context.close()

    return use


@pytest.fixture(scope="session")
def results():
    """One result of each kind; those without a model are made of whole cloth."""
    model = Path(__file__).parents[2] / "fixtures" / "demo" / "model.pt"

    def judged(*limits, **options):
        request = MembershipRequest(Inputs(model), fail_if=limits, attacks=("loss", "vocabulary"), **options)
        return run_membership(plan_membership(request)).result

    fail = judged("auc>0.6", "auc>0.999", "tpr@0.001>0.1")
    bare = fail.model_copy(update={"membership": (), "slices": (), "records": ()})

    def other(command, **changes):
        return bare.model_copy(update={"command": command, **changes})

    missing = NotRun(attack="invert", reason="The search was stopped.", kind="extraction", canary="pin-3")
    extraction = tuple(an_extraction(f"pin-{i}", 10**i, included=i < 3) for i in range(4))
    shown = tuple(row.model_copy(update={"secret": "4 7 1 1", "found": "4 7 1 9"}) for row in extraction)
    everything = {
        "comparison": a_comparison(),
        "extraction": shown,
        "epsilon": an_epsilon(8.0),
        "claim": CLAIM,
        "sweep": a_sweep(),
        "epsilon_sweep": an_epsilon_sweep(),
        "not_run": (missing,),
        "warnings": ("A warning.",),
    }
    whole = judged("auc>0.6", "tpr@0.001>0.1", show_texts=True).model_copy(update=everything)
    return {
        "fail": fail,
        "pass": judged("auc>0.999"),
        "inconclusive": judged("tpr@0.001>0.1", show_texts=True),
        "compared": fail.model_copy(update={"comparison": a_comparison()}),
        "extraction": other("extract", extraction=extraction, not_run=(missing,)),
        "secrets": other("extract", extraction=shown),
        "epsilon": other("epsilon", claim=CLAIM, epsilon=an_epsilon(8.0), membership=fail.membership),
        "sweep": other("sweep", sweep=a_sweep()),
        "epsilon-sweep": other("sweep", epsilon_sweep=an_epsilon_sweep()),
        "hostile": poisoned(whole, HOSTILE),
        "long": poisoned(whole, LONG).model_copy(update={"warnings": ("W" * 1_000_000,)}),
    }


@pytest.fixture(scope="session")
def payloads():
    """What a page must not do anything with, one by one."""
    return ATTACKS


@pytest.fixture(scope="session")
def files(results, tmp_path_factory):
    """The page of each result, as a file."""
    folder = tmp_path_factory.mktemp("pages")
    paths = {name: folder / f"{name}.html" for name in results}
    for name, path in paths.items():
        path.write_text(html(results[name]), encoding="utf-8")
    return paths


@pytest.fixture(params=PAGES)
def address(request, files):
    """Of each page in turn."""
    return files[request.param].as_uri()


def poisoned(part, text):
    """The part with foreign text in every field of it, and of what it holds, that takes any text."""
    if isinstance(part, str):
        return text
    if isinstance(part, tuple):
        return tuple(poisoned(item, text) for item in part)
    if not isinstance(part, Part):
        return part
    changes = {}
    for name, about in type(part).model_fields.items():
        value = getattr(part, name)
        if about.annotation in (str, str | None, tuple[str, ...]):
            changes[name] = (text,) if isinstance(value, tuple) else text
        elif about.annotation == dict[str, str]:
            changes[name] = {text: text}
        elif isinstance(value, Part | tuple):
            changes[name] = poisoned(value, text) if is_held(value) else value
    return part.model_copy(update=changes)


def is_held(value):
    return isinstance(value, Part) or any(isinstance(item, Part) for item in value)


def between(low, value, high):
    return Interval(value=value, low=low, high=high)


def a_comparison():
    change = Change(
        attack="loss", metric="auc", old=between(0.70, 0.72, 0.74), new=between(0.77, 0.79, 0.81),
        difference=between(0.03, 0.07, 0.11), direction="more",
    )  # fmt: skip
    less = change.model_copy(update={"metric": "tpr@0.01", "direction": "undecided"})
    return Comparison(
        baseline_model="models/march.pt", baseline_digest="3f" * 32, baseline_status="pass",
        baseline_created="2026-03-01T09:30:00+00:00", same_model=False, changes=(change, less),
        only_new=("vocabulary",), notes=("The earlier result used 16 reference models, this one none.",),
    )  # fmt: skip


def an_extraction(canary, rank, *, included=True):
    bits = math.log2(10_000 / rank)
    return Extraction(
        canary=canary, attack="enumerate", objective="margin", label="RateBook", repetitions=100,
        included=included, secret_length=4, candidates=10_000, exact_match=rank == 1, hamming=int(rank > 1),
        matches=(True, True, True, rank == 1), rank=rank, rank_exact=True, n_ranked=10_000,
        exposure_bits=between(bits, bits, bits), ceiling_bits=math.log2(10_000), p_value=rank / 10_000,
        control_rank=4870, control_exposure_bits=between(0.6, 1.0, 1.9), n_controls=8, found_score=3.0,
        secret_score=2.0, complete=True, evaluations=24_000, seconds=1.25, digest="ab" * 32,
    )  # fmt: skip


CLAIM = Claim(
    epsilon=8.0, delta=1e-5, noise_multiplier=0.81, sample_rate=0.01, steps=1000, sampler="poisson",
    clip_norm=1.0, accountant="pld", unit="record", adjacency="add or remove one", source="bundle",
    versions={"privaudit": "0.1.0"},
)  # fmt: skip


def an_epsilon(claimed):
    fpr = np.logspace(-4, 0, 40)
    mechanism = norm.cdf(norm.ppf(fpr) + 1.6)
    region = np.minimum(1, math.exp(claimed or 8.0) * fpr + 1e-5)
    reached = norm.cdf(norm.ppf(fpr) + 0.7)
    theory = [
        Curve(kind=kind, fpr=tuple(fpr), tpr=tuple(np.clip(tpr, 0, 1)), auc=auc)
        for kind, tpr, auc in (("mechanism", mechanism, 0.87), ("epsilon-delta", region, 0.99))
    ]
    empirical = EmpiricalRoc(
        fpr=tuple(fpr), tpr=tuple(np.clip(reached, 0, 1)), least_fpr=0.02,
        tpr_low=tuple(np.clip(reached - 0.06, 0, 1)), tpr_high=tuple(np.clip(reached + 0.06, 0, 1)),
    )  # fmt: skip
    bounds = (
        LowerBound(method="mahloujifar-mechanism", value=1.5, confidence=0.95, assumes="the mechanism",
                   p_value=0.31, ceiling=4.2, primary=True),
        LowerBound(method="steinke", value=0.9, confidence=0.95, assumes="fair coins; not the mechanism"),
    )  # fmt: skip
    return Epsilon(
        verdict="no-claim" if claimed is None else "consistent",
        sentence="No violation was found, and half the noise would have been noticed.",
        design="one-run", test="f-DP recursion at 89 guesses", p_value=0.31, claimed=claimed,
        accounted=claimed,
        delta=1e-5, lower_bounds=bounds, ceiling=4.2, power=0.83, n_in=251, n_out=249, guesses=89, correct=60,
        score="loss drop", canaries="500 of coins.json", threat_model="sees the final model",
        theory_curves=tuple(theory), theory_curve=theory[0], empirical_curve=empirical,
        controls=(
            Control(name="negative", description="fresh coins", p_value=0.6, passed=True),
            Control(name="positive", description="no noise", p_value=None, passed=None, reason="not asked"),
        ),
        checks=(
            StaticCheck(id="sampler", status="ok", text="Batches were drawn by Poisson sampling."),
            StaticCheck(id="vocabulary", status="warning", text="The vocabulary was made from the members."),
        ),
        checklist=("Is every gradient clipped before the sum?",),
    )  # fmt: skip


def a_sweep():
    done = SweepDefence(
        defence="none", n_models=10, n_controls=4, exact_matches=7, hamming=0.1, p_value=3.2e-31,
        exact_match_rate=between(0.3475, 0.7, 0.9333), exposure_bits=between(12.3, 12.8, 13.29),
        control_exposure_bits=between(0.9, 1.4, 1.9), difference_bits=between(10.8, 11.4, 12.0),
        accuracy=MeanOverModels(value=0.976, standard_deviation=0.0031), ranks=(1,) * 7 + (2,) * 3, seconds=3,
    )  # fmt: skip
    dp = done.model_copy(update={"defence": "dp", "exact_matches": 0, "difference_bits": between(-1, 0, 1)})
    return Sweep(
        pattern="my pin code is {digit:4}", label="canary", own_label=True, repetitions=100, n_ranked=10_000,
        candidates=10_000, rank_exact=True, ceiling_bits=13.2877, defences=(done, dp),
    )  # fmt: skip


def an_epsilon_sweep():
    rows = []
    for epsilon, allowed, reached in ((1.0, 0.57, 0.56), (8.0, 0.85, 0.79), (math.inf, None, 0.99)):
        attacks = tuple(
            AttackOverModels(attack="loss", targets=targets, n_targets=500, n_references=0,
                             auc=between(auc - 0.02, auc, auc + 0.01), tpr_at_fpr=())
            for targets, auc in (("records", 0.5 + (reached - 0.5) / 5), ("canaries", reached))
        )  # fmt: skip
        private = {}
        if allowed is not None:
            limit = Allowed(auc=allowed, auc_region=0.99, auc_last_iterate=0.55)
            private = {"claim": CLAIM, "accounted": epsilon, "allowed": limit}
        bound = an_epsilon(epsilon if private else None)
        rows.append(
            EpsilonSweepRow(
                epsilon=epsilon, n_models=8, attacks=attacks, bound=bound, seconds=1.0, **private,
                accuracy=between(0.945, 0.947, 0.949), accuracy_members=between(0.95, 0.96, 0.97),
            )
        )  # fmt: skip
    return EpsilonSweep(
        delta=1e-5, vocabulary="a public list", n_records=2000, n_canaries=500, canaries="random words",
        rows=tuple(rows), verdict="consistent", sentence="No violation of a configured mechanism was found.",
    )  # fmt: skip
