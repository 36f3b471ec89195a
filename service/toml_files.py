"""The configuration's files: read, their forecasts put into one list, and where each of them stood."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.errors import ConfigurationError
from service.problems import dotted, printable

LARGEST = 4 * 1024 * 1024  # bytes of a file


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """What the files hold, before any value is validated.

    Parameters
    ----------
    tree
        The configuration file's content, its own forecasts and the included ones under ``forecasts``.
    forecasts
        For each forecast the name of its file and its place in it.
    lines
        The problems met on the way.
    """

    tree: dict[str, Any]
    forecasts: list[tuple[str, int]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def read(path: Path) -> Files:
    """Read the configuration file and what it includes.

    Raises
    ------
    ConfigurationError
        Where the configuration file itself cannot be read; problems of the others are in `lines`.
    """
    files = Files(tree=_main(path))
    name, own = printable(path.name), files.tree.pop("forecasts", [])
    files.tree["forecasts"] = []
    _add(files, name, own)
    for included in _included(files, path):
        _include(files, included, _label(included, path.parent))
    if not files.tree["forecasts"] and not files.lines:
        advice = "write a [[forecasts]] table, or include a file that has one"
        files.lines.append(f"{name}: forecasts: holds none; {advice}")
    return files


def _main(path: Path) -> dict[str, Any]:
    try:
        return _toml(path)
    except FileNotFoundError:
        text = "is not there; run `posterity init` to write one, or name another with --config"
    except ValueError as error:
        text = str(error)
    raise ConfigurationError([f"{printable(path.name)}: {text}"])


def _add(files: Files, label: str, forecasts: object) -> None:
    if not isinstance(forecasts, list):
        files.lines.append(f"{label}: forecasts: is not a list; write [[forecasts]]")
        return
    files.tree["forecasts"] += forecasts
    files.forecasts.extend((label, place) for place in range(len(forecasts)))


def _included(files: Files, path: Path) -> list[Path]:
    """List the files that the patterns match, each once, sorted; a pattern without any is a problem."""
    patterns = files.tree.get("include", [])
    found: set[Path] = set()
    for place, pattern in enumerate(patterns if isinstance(patterns, list) else []):
        if not isinstance(pattern, str) or not pattern.strip():  # validation refuses it
            continue
        matches = set(_matches(path.parent, pattern))
        if not matches:
            name = printable(path.name)
            advice = f"matches no file in the folder of {name}; write it relative to that folder"
            files.lines.append(f"{name}: {dotted(('include', place))}: {advice}")
        found |= matches
    return sorted(found - {path})


def _matches(folder: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from (path for path in folder.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError):  # not a pattern, or an absolute one
        return


def _label(path: Path, folder: Path) -> str:
    return printable(str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path))


def _include(files: Files, path: Path, label: str) -> None:
    try:
        tree = _toml(path)
    except FileNotFoundError:
        files.lines.append(f"{label}: vanished while the configuration was read; try again")
        return
    except ValueError as error:
        files.lines.append(f"{label}: {error}")
        return
    _add(files, label, tree.pop("forecasts", []))
    for key in tree:
        advice = "may not stand in an included file, only [[forecasts]] may; move it"
        files.lines.append(f"{label}: {dotted((key,))}: {advice}")


def _toml(path: Path) -> dict[str, Any]:
    """Read a file of TOML, or refuse it with ValueError; a missing one is for the caller to explain."""
    text = _text(path)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nests its values too deeply; write them flatter") from None
    except ValueError as error:
        raise ValueError(f"is not TOML: {error}") from None


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise ValueError("is not a file; name the configuration file itself")
        if path.stat().st_size > LARGEST:
            raise ValueError("is larger than 4 MB; keep forecasts in smaller files and include them")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        row = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"is not UTF-8 (line {row}); save it as UTF-8") from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
