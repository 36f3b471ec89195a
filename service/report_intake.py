"""What was taken in, in words: from files, and from sources."""

from collections.abc import Iterable

from service import printing
from service.intake import Taken
from service.polling import Polled

_MOST_REFUSALS = 20
_NAMES = {"waiting": "waiting for review"}


def show_taken[T: (Taken | Polled)](taken: Iterable[T]) -> list[T]:
    """Print what became of each file or source as soon as it is known, and give the results back."""
    done = []
    for one in taken:
        _show_one(one)
        done.append(one)
    if not done:
        printing.line("the inbox is empty")
    return done


def _show_one(taken: Taken | Polled) -> None:
    printing.line(sentence(taken))
    for note in taken.notes:
        printing.line(f"  note: {note}")
    for refused in taken.refused[:_MOST_REFUSALS]:
        printing.line(f"  line {refused.line}: {refused.reason}")
    if len(taken.refused) > _MOST_REFUSALS:
        printing.line(f"  and {len(taken.refused) - _MOST_REFUSALS} more; --json lists them all")


def sentence(taken: Taken | Polled) -> str:
    """Count in one line what became of the reports of a file, or of the items of a source."""
    said = _counted(taken, ("accepted", "amended", "duplicate", "waiting"))
    if isinstance(taken, Taken):
        return f"{taken.path}: {said}, {len(taken.refused)} refused"
    further = _counted(taken, ("irrelevant", "refused"))
    trouble = f"; not read to its end: {taken.trouble}" if taken.trouble else ""
    return f"{taken.source}: {said}, {further}{trouble}"


def _counted(taken: Taken | Polled, names: Iterable[str]) -> str:
    return ", ".join(f"{taken.counts[name]} {_NAMES.get(name, name)}" for name in names)
