"""The kinds of sources. To add one, write a module beside these and enter its class here."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from pydantic import BaseModel

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "rss": "ingest.sources.feed:Feed",
        "gdelt": "ingest.sources.gdelt:Gdelt",
        "register": "ingest.sources.register:Register",
    }
)


def kind(name: str) -> type[BaseModel]:
    """Load a kind of source: a frozen model of its keys that is a `ingest.items.Source`.

    Raises
    ------
    KeyError
        `KINDS` has none of this name.
    """
    module, found = KINDS[name].split(":")
    loaded: type[BaseModel] = getattr(import_module(module), found)
    return loaded
