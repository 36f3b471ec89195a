"""What experiments may be called."""

import re

from model.errors import UsageError

HISTORY = "history"  # what really was believed goes by this name, so that no experiment may
MOST_SHOWN = 31  # nights of a table; of more, the last of each month or year

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


def checked(name: str) -> str:
    """Check the name of an experiment.

    Raises
    ------
    UsageError
        It is none, or the real history's.
    """
    if name == HISTORY:
        raise UsageError(f"{HISTORY} is the name of what really was believed; write another after --as")
    if not _NAME.fullmatch(name):
        rule = "small letters, digits, dots, hyphens and underscores, at most 80, a letter or digit first"
        raise UsageError(f"{name!r} is no name for an experiment; write {rule}")
    return name
