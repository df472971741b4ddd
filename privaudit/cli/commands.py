"""The list of commands, in the order of a user's story."""

COMMANDS = (
    "mia", "extract", "audit", "train", "canary", "sweep", "epsilon", "gate", "report", "attacks",
    "store", "selftest", "demo", "doctor",
)  # fmt: skip
"""Each is a module of this package, and may have a table in the configuration."""
