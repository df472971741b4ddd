"""The sweep: several models per defence, trained and attacked alike. Independent of the command line."""

from privaudit.audits.sweep.defences.plan import PlannedDefence, SweepPlan, SweepRequest, plan_sweep
from privaudit.audits.sweep.defences.run import run_sweep

__all__ = ["PlannedDefence", "SweepPlan", "SweepRequest", "plan_sweep", "run_sweep"]
