"""The test of a claimed epsilon on a trained model: a frozen plan first, then its verdict.

One run: the canaries of a manifest, each put in or left out by a fair coin, in the audited model. Many runs:
models of its recipe, each with one canary or without, by a fair coin. Independent of the command line.
"""

from privaudit.audits.epsilon.plan import EpsilonPlan, EpsilonRequest, plan_epsilon
from privaudit.audits.epsilon.run import EpsilonOutcome, run_epsilon

__all__ = ["EpsilonOutcome", "EpsilonPlan", "EpsilonRequest", "plan_epsilon", "run_epsilon"]
