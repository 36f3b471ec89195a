"""Everything that Posterity refuses, in one tree.

::

    PosterityError                 something is said to the user in one line, never a traceback
    ├── InvalidValue               a domain value that makes no sense (also a ValueError)
    ├── ConfigurationError         config.toml: every problem at once
    ├── UsageError                 a question that cannot be asked: unknown forecast, cutoff before opening
    │   ├── Unknown                what it is about is not there
    │   └── Conflict               somebody else has decided it meanwhile, or taken the name
    │       └── Stale              it was changed since it was read, and the reader asked to be told
    ├── Impossible                 the evidence rules out every scenario; names the indicator
    ├── Unresolved                 numbers too extreme for either engine to compute with
    ├── InputRefused               a file, or lines of it, that could not be taken in
    └── Unavailable                a needed service, file or disk is out of reach
"""

from collections.abc import Sequence


class PosterityError(Exception):
    """Base of all errors that are meant for a user's eyes."""


class InvalidValue(PosterityError, ValueError):  # noqa: N818 - named for what it is, as in the field
    """A domain value that makes no sense."""


class ConfigurationError(PosterityError):
    """Problems of the configuration, all of them at once.

    Parameters
    ----------
    problems
        One line each: file, key path, what is wrong, what to write.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class UsageError(PosterityError):
    """A question that cannot be asked as it was put."""


class Unknown(UsageError):  # noqa: N818 - the state of what was asked for
    """A question about what is not there."""


class Conflict(UsageError):  # noqa: N818 - the word of HTTP for it
    """A decision about what somebody else has decided meanwhile, or a name that is taken."""


class Stale(Conflict):
    """A decision about a state of something that is not its state any more."""


class Impossible(PosterityError):  # noqa: N818 - the evidence is impossible; nothing erred
    """The evidence has probability zero under every scenario."""


class Unresolved(PosterityError):  # noqa: N818 - the number is; nothing erred
    """Numbers that an engine cannot compute with."""


class InputRefused(PosterityError):  # noqa: N818 - the product's own word
    """A file, or lines of it, that could not be taken in."""


class Unavailable(PosterityError):  # noqa: N818 - the state of a service
    """A needed service, file or disk is out of reach."""
