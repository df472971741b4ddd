"""One canary and one attack as a row of the result, and the rows of one attack together."""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from statistics import mean, median_low

import numpy as np

from privaudit.attacks.extraction.calibration import Calibration
from privaudit.attacks.extraction.objectives import scores_of
from privaudit.attacks.extraction.ranking import Margins, Ranked
from privaudit.attacks.extraction.spec import Found
from privaudit.audits.extraction.controls import Controls, control_rank
from privaudit.audits.extraction.plan import ExtractionPlan, PlannedGroup
from privaudit.data.canaries.manifest import Canary
from privaudit.gate.chance import hits_by_guessing
from privaudit.results import Extraction, ExtractionSummary, Interval
from privaudit.results.from_stats import CONFIDENCE, reported, reported_mean
from privaudit.stats import exposure as bits
from privaudit.stats.intervals import NotMeasurable, bonferroni

_ONE_MODEL = "canaries of one model are not independent trials; p_value says what guessing explains"
FITTED = 10_000
"""Sampled fillings to which a distribution is fitted; more would refuse every fit for a detail."""


@dataclass(frozen=True)
class Answer:
    """What one attack came back with, and how long it took."""

    attack: str
    found: Found
    seconds: float


@dataclass(frozen=True, eq=False)
class Standing:
    """Where one canary stands, whatever attack is asked: computed once for all of them."""

    ranked: Ranked
    fields: Mapping[str, object]
    """Of the result's row."""


def standing(
    plan: ExtractionPlan,
    asked: PlannedGroup,
    number: int,
    index: int,
    margins: Margins,
    controls: Controls | None,
) -> Standing:
    """Rank one canary among the fillings, under the model and under the controls.

    Args:
        plan: of the audit.
        asked: the canary's group.
        number: of the group.
        index: of the canary in it.
        margins: what its secrets are ranked by.
        controls: clean models, or None.
    """
    group = asked.group
    others = group.others(index)
    ranked = asked.pool.rank(margins, index, others)
    exposure = {
        "group": number,
        "answers": group.template.n_fillings - len(others),
        "exposure_bits": _exposure(ranked, group.template.bits, _planted(plan)),
        "ceiling_bits": float(np.log2(ranked.among)),
        "p_value": bits.exact_p_value(ranked.rank, ranked.among)
        if ranked.exact
        else bits.sampled_p_value(ranked.at_least, ranked.compared),
    }
    extrapolated = _extrapolation(ranked, margins, group.template.bits)
    return Standing(ranked, exposure | extrapolated | _control_fields(controls, number, index, others))


def row(
    plan: ExtractionPlan, asked: PlannedGroup, index: int, stands: Standing, answer: Answer
) -> Extraction:
    """The result of one attack on one canary.

    ``matches`` and ``hamming`` compare the answer with the secret and name neither. Without the model they
    say how much came out, and no word of it. Anyone who has the model can run the attack again, and then
    learns from ``matches`` which words of that answer are right: more than ``hamming`` shows, and less than
    ``rank`` does, which is the secret itself if all fillings were ranked. A result is therefore no safer
    from the model's holder than the model is, with or without ``matches``.

    Args:
        plan: of the audit.
        asked: the canary's group.
        index: of the canary in it.
        stands: the canary's standing.
        answer: of the attack, which never saw the secret.
    """
    group, canary, found = asked.group, asked.group.canaries[index], answer.found
    ranked = stands.ranked
    secret = tuple(map(int, group.secrets[index]))
    matches = tuple(a == b for a, b in zip(found.filling, secret, strict=True))
    show = plan.request.show_secrets
    return Extraction.model_validate(
        {
            "canary": canary.id,
            "attack": answer.attack,
            "objective": objective_name(plan),
            "label": canary.label,
            "repetitions": canary.repetitions,
            "included": bool(group.included[index]),
            "secret_length": len(secret),
            "candidates": group.template.n_fillings,
            "exact_match": all(matches),
            "hamming": matches.count(False),
            "matches": matches,
            "rank": ranked.rank,
            "rank_exact": ranked.exact,
            "n_ranked": ranked.among,
            "found_score": found.score,
            "secret_score": score_of(plan, ranked.margin),
            "complete": found.complete,
            "evaluations": found.evaluations,
            "seconds": answer.seconds,
            "model_order_blind": asked.surface.order_blind,
            "note": _note(asked),
            "digest": _digest(plan, canary),
            "secret": group.template.render(secret) if show else None,
            "found": group.template.render(found.filling) if show else None,
            **stands.fields,
        }
    )


def score_of(plan: ExtractionPlan, margin: float) -> float:
    """The objective as the result states it; what is calibrated is no loss."""
    if plan.request.calibration is not Calibration.NONE:
        return margin
    return float(scores_of(np.array([margin]), plan.request.objective)[0])


def _digest(plan: ExtractionPlan, canary: Canary) -> str:
    key, text = bytes.fromhex(plan.manifest.key), plan.manifest.text(canary).encode()
    return hmac.new(key, text, sha256).hexdigest()


def objective_name(plan: ExtractionPlan) -> str:
    """What ranks and answers rest on, in a word."""
    kind = plan.request.calibration
    if kind is Calibration.LEVERAGE:
        return "leverage"
    return plan.request.objective.value if kind is Calibration.NONE else f"margin-{kind.value}"


def summaries(rows: Sequence[Extraction]) -> tuple[ExtractionSummary, ...]:
    """Each attack over the canaries that were planted, and over those that were left out."""
    kinds = dict.fromkeys((row.attack, row.included) for row in rows)
    return tuple(_summary([r for r in rows if (r.attack, r.included) == kind]) for kind in kinds)


def _summary(rows: Sequence[Extraction]) -> ExtractionSummary:
    extracted = sum(row.exact_match for row in rows)
    values = [float(row.exposure_bits.value) for row in rows if row.exposure_bits.value is not None]
    most = max(float(row.ceiling_bits or 0.0) for row in rows)
    return ExtractionSummary(
        attack=rows[0].attack,
        included=rows[0].included,
        n_canaries=len(rows),
        n_extracted=extracted,
        exact_match_rate=Interval(value=extracted / len(rows), low=None, high=None, reason=_ONE_MODEL),
        guess_rate=mean(1 / (row.answers or row.candidates) for row in rows),
        p_value=hits_by_guessing(rows, extracted) if rows[0].included else None,
        mean_exposure_bits=reported_mean(values, lowest=0.0, highest=most),
    )


def _exposure(ranked: Ranked, template_bits: float, n_planted: int) -> Interval:
    """Exposure with its interval; an exact rank has no uncertainty of its own."""
    if ranked.exact:
        value = bits.exact_exposure(ranked.rank, ranked.compared)
        return Interval(value=value, low=value, high=value, low_simultaneous=value)
    counts = ranked.at_least, ranked.compared, template_bits
    found = bits.sampled_exposure(*counts, CONFIDENCE)
    joint = bits.sampled_exposure(*counts, bonferroni(CONFIDENCE, max(1, n_planted)))
    return reported(found, joint)


def _extrapolation(ranked: Ranked, margins: Margins, template_bits: float) -> dict[str, object]:
    if ranked.exact:
        return {}
    found = bits.extrapolated_exposure(margins.pool[:FITTED], ranked.margin, template_bits)
    if isinstance(found, NotMeasurable):
        return {}
    return {"extrapolated_bits": found.bits, "extrapolation_fit_p_value": found.fit_p_value}


def _planted(plan: ExtractionPlan) -> int:
    """Canaries whose exposures a threshold may take the worst of."""
    return int(sum(asked.group.included.sum() for asked in plan.groups))


def _control_fields(
    controls: Controls | None, number: int, index: int, others: np.ndarray
) -> dict[str, object]:
    if controls is None:
        return {}
    ranks, exposures, among = control_rank(controls, number, index, others)
    return {
        "control_rank": float(median_low(ranks)),
        "control_exposure_bits": reported_mean(exposures, lowest=0.0, highest=float(np.log2(among))),
        "n_controls": len(ranks),
    }


def _note(asked: PlannedGroup) -> str | None:
    return " ".join(_notes(asked)) or None


def _notes(asked: PlannedGroup) -> Iterator[str]:
    if asked.surface.order_blind:
        yield (
            "A bag of words knows the words, not their order: all orders of the secret tie, and ties count "
            "against the attacker."
        )
    if not asked.pool.exact:
        yield (
            "Ranked in a sample, which shows no exposure above "
            f"{bits.sampled_ceiling(_sampled(asked)):.1f} bits."
        )


def _sampled(asked: PlannedGroup) -> int:
    return 0 if asked.pool.sample is None else len(asked.pool.sample)
