"""``result.json``: one schema for every command. Knows nothing of models, data or torch.

Numbers that do not exist are ``null`` and say why in a ``reason`` beside them; infinity is the string
``"inf"``. Keys may be added in later versions, never renamed or removed, and readers ignore what they do not
know: ``gate`` and ``report`` read every older file.
"""

from privaudit.results.comparison import Change, Comparison
from privaudit.results.epsilon import (
    Control,
    Curve,
    EmpiricalRoc,
    Epsilon,
    LowerBound,
    StaticCheck,
)
from privaudit.results.epsilon_sweep import (
    Allowed,
    AttackOverModels,
    Correlation,
    EpsilonSweep,
    EpsilonSweepRow,
    TprOverModels,
)
from privaudit.results.extraction import Extraction, ExtractionSummary
from privaudit.results.file import json_schema, read_result, to_json, write_result
from privaudit.results.membership import (
    FPRS,
    ExposedRecord,
    Membership,
    Ppv,
    Roc,
    SeedAgreement,
    Slice,
    TprAtFpr,
)
from privaudit.results.parts import File, Interval, Number, Part, nothing
from privaudit.results.result import SCHEMA_VERSION, Provenance, Result, Tool
from privaudit.results.subject import (
    BlindBaseline,
    Claim,
    ClaimedPhase,
    Data,
    Duplicates,
    Model,
    claim_from,
    no_baseline,
)
from privaudit.results.sweep import MeanOverModels, Sweep, SweepDefence, SweepFinding
from privaudit.results.verdict import NotRun, ThresholdResult, Verdict

__all__ = [
    "FPRS",
    "SCHEMA_VERSION",
    "Allowed",
    "AttackOverModels",
    "BlindBaseline",
    "Change",
    "Claim",
    "ClaimedPhase",
    "Comparison",
    "Control",
    "Correlation",
    "Curve",
    "Data",
    "Duplicates",
    "EmpiricalRoc",
    "Epsilon",
    "EpsilonSweep",
    "EpsilonSweepRow",
    "ExposedRecord",
    "Extraction",
    "ExtractionSummary",
    "File",
    "Interval",
    "LowerBound",
    "MeanOverModels",
    "Membership",
    "Model",
    "NotRun",
    "Number",
    "Part",
    "Ppv",
    "Provenance",
    "Result",
    "Roc",
    "SeedAgreement",
    "Slice",
    "StaticCheck",
    "Sweep",
    "SweepDefence",
    "SweepFinding",
    "ThresholdResult",
    "Tool",
    "TprAtFpr",
    "TprOverModels",
    "Verdict",
    "claim_from",
    "json_schema",
    "no_baseline",
    "nothing",
    "read_result",
    "to_json",
    "write_result",
]
