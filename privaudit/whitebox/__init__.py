"""Testing a private optimiser from the inside: many short runs, and a canary that should stay hidden."""

from privaudit.whitebox.task import Step, StepTask

__all__ = ["Step", "StepTask"]
