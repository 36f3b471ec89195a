"""Makes what the domain's values hold fit to be handed to another process."""

import copyreg
from types import MappingProxyType
from typing import Any


def _proxy(said: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(said)


def register() -> None:
    """Let read-only mappings, which reports and indicators hold, be pickled by this process."""
    copyreg.pickle(MappingProxyType, lambda proxy: (_proxy, (dict(proxy),)))
