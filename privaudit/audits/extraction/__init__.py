"""The extraction audit: a frozen plan first, then its result. Independent of the command line."""

from privaudit.attacks.extraction.calibration import Calibration
from privaudit.audits.extraction.controls import ControlRequest
from privaudit.audits.extraction.plan import ExtractionPlan, ExtractionRequest, plan_extraction
from privaudit.audits.extraction.run import ExtractionOutcome, run_extraction

__all__ = [
    "Calibration",
    "ControlRequest",
    "ExtractionOutcome",
    "ExtractionPlan",
    "ExtractionRequest",
    "plan_extraction",
    "run_extraction",
]
