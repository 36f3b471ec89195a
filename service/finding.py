"""What is found about the condition of the service: one thing, its state, and what to do."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

LONGEST = 500  # characters of what others said

type State = Literal["ok", "warning", "failed"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    name
        What kind of thing; where an alert is raised, the alert's kind.
    subject
        Which one of them: a forecast, a disk; empty where there is only one.
    text
        What was found, in one line.
    advice
        What to do about it; empty where nothing is to be done.
    """

    name: str
    subject: str = ""
    state: State
    text: str
    advice: str = ""

    @property
    def label(self) -> str:
        """Name and subject together."""
        return f"{self.name} {self.subject}".rstrip()


def lasting(span: timedelta) -> str:
    """Say how long a time is, in its two largest units."""
    seconds = max(0, round(span.total_seconds()))
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // _MINUTE
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def existing(folder: Path) -> Path:
    """Give a folder, or the nearest above it that there is."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def may_write(path: Path) -> bool:
    """Whether this process may write there, or make what is missing there."""
    there = existing(path)
    if there.is_dir():
        return os.access(there, os.W_OK | os.X_OK)
    return there == path and os.access(there, os.W_OK)
