"""The extraction audit: a frozen plan first, then its result. Knows nothing of the command line."""

from privaudit.attacks.inversion.calibration import Calibration
from privaudit.attacks.inversion.controls import ControlRequest
from privaudit.extraction.plan import ExtractionPlan, ExtractionRequest, plan_extraction
from privaudit.extraction.run import ExtractionOutcome, run_extraction

__all__ = [
    "Calibration",
    "ControlRequest",
    "ExtractionOutcome",
    "ExtractionPlan",
    "ExtractionRequest",
    "plan_extraction",
    "run_extraction",
]
