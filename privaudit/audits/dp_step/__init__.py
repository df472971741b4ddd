"""Testing a private optimiser from the inside: many short runs, and a canary that should stay hidden."""

from privaudit.audits.dp_step.task import Step, StepTask

__all__ = ["Step", "StepTask"]
