"""All sections in the order in which a reviewer reads them."""

from privaudit.inert import inert
from privaudit.reports.document import Document
from privaudit.reports.page import (
    action,
    comparison,
    epsilon,
    epsilon_sweep,
    extraction,
    membership,
    provenance,
    subject,
    sweep,
    verdict,
)
from privaudit.results import Result


def document_of(result: Result) -> Document:
    """The report of one result. Secrets and texts are in it only where the result holds them."""
    sections = (
        verdict.thresholds(result),
        comparison.comparison(result),
        epsilon.against_theory(result),
        membership.attacks(result),
        extraction.extraction(result),
        sweep.sweep(result),
        epsilon_sweep.epsilon_sweep(result),
        membership.slices(result),
        membership.records(result),
        subject.data(result),
        subject.claim(result),
        subject.limits(result),
        provenance.provenance(result),
    )
    return Document(
        title=f"Privacy audit of {inert(result.model.path)}",
        mark=result.verdict.status,
        verdict=verdict.sentence(result),
        action=action.action(result),
        stamp=stamp(result),
        sections=tuple(section for section in sections if section is not None),
        footer=f"privaudit {inert(result.tool.version)}, {inert(result.created)}",
    )


def stamp(result: Result) -> str | None:
    """What the page must say because the result shows what others must not see; None where it does not."""
    if not result.confidential:
        return None
    held = (("training texts", result.holds_texts), ("secrets", result.holds_secrets))
    shown = " and ".join(word for word, there in held if there)
    return f"This page shows {shown}. Treat it as confidential."
