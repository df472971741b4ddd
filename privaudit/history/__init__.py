"""Audits over time, in one SQLite file that any number of jobs append to.

The file names models, scores and limits. It holds no text, no secret and no record id, nor a digest of
anything that does, so it is no more confidential than a result.
"""

from privaudit.history.database import append, check, read
from privaudit.history.entry import entry_of

__all__ = ["append", "check", "entry_of", "read"]
