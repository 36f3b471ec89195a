"""What comes of asking: an answer, or trouble. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What a server answered.

    Parameters
    ----------
    status
        200, or 304 where nothing has changed since.
    url
        What answered, after redirects; without a login.
    headers
        By their names in lower case, without control characters; they tell of the body as it was sent.
    body
        Decompressed; empty for 304.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes


class Trouble(Exception):  # noqa: N818 - something outside is wrong; `fetch` makes an error of it
    """Why there is no answer.

    Parameters
    ----------
    words
        What happened and what to do, to be read after "<URL>: ".
    passing
        Whether it may be over in a moment.
    after
        Seconds that the server asks to be left alone.
    """

    def __init__(self, words: str, *, passing: bool = False, after: float | None = None) -> None:
        self.words, self.passing, self.after = words, passing, after
        self.asked = ""  # the URL, as it may be shown
        super().__init__(words)

    def __repr__(self) -> str:  # what the log says of a further attempt
        return f"{self.asked}: {self.words}"
