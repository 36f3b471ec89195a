"""The kinds of sources. To add one, write a module beside these and enter its class here."""

from collections.abc import Mapping
from types import MappingProxyType

KINDS: Mapping[str, str] = MappingProxyType({})
