"""The report as a document: one module per part of a result, in the order in which a reviewer reads."""

from privaudit.reports.page.sections import document_of

__all__ = ["document_of"]
