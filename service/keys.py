"""Keys of the API: who holds one may do what its scope allows.

A key is shown once, when it is made; the store keeps its hash. The scopes do not lie on one line:

========  =============================================  ==========================
scope     is for                                         allows what these allow
========  =============================================  ==========================
read      a dashboard, a notebook, Prometheus            read
ingest    a feeder, which hands reports in and sees      ingest
          nothing of what became of them
edit      an editor, who grades and corrects reports     read, edit
admin     the operator                                   read, ingest, edit, admin
========  =============================================  ==========================
"""

import hashlib
import secrets
from collections.abc import Mapping
from types import MappingProxyType

from model.errors import UsageError
from service.composition import Service
from service.problems import nearest
from service.toml_values import slug
from storage.keys import Scope, StoredKey, add_key, key_in_force, revoke_key, stored_keys

PREFIX = "pk_"  # by which logs and scanners of repositories recognise one
_BYTES = 32
_ALLOWS: Mapping[Scope, frozenset[Scope]] = MappingProxyType(
    {
        "read": frozenset({"read"}),
        "ingest": frozenset({"ingest"}),
        "edit": frozenset({"read", "edit"}),
        "admin": frozenset({"read", "ingest", "edit", "admin"}),
    }
)


def allows(held: Scope, needed: Scope) -> bool:
    """Whether a key of one scope may do what needs another."""
    return needed in _ALLOWS[held]


def create(service: Service, name: str, scope: Scope) -> str:
    """Make a key and answer with it, for the only time.

    Raises
    ------
    UsageError
        The name is none, or has been given before.
    """
    key = PREFIX + secrets.token_urlsafe(_BYTES)
    with service.database.session() as session:
        made = add_key(session, _name(name), scope, _digest(key), at=service.clock())
    if not made:
        raise UsageError(f"a key was called {name!r} before; choose another name")
    return key


def keys(service: Service) -> list[StoredKey]:
    """List all keys, revoked ones too, the oldest first."""
    with service.database.reading() as session:
        return stored_keys(session)


def document(key: StoredKey) -> dict[str, str | None]:
    """Give what is kept of a key as JSON holds it."""
    return {
        "name": key.name,
        "scope": key.scope,
        "recorded_at": key.recorded_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def revoke(service: Service, name: str) -> StoredKey:
    """End a key at once; again, nothing changes.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    with service.database.session() as session:
        revoked = revoke_key(session, _name(name), at=service.clock())
        known = [one.name for one in stored_keys(session)]
    if revoked is None:
        advice = nearest(name, known) if known else "there are none yet"
        raise UsageError(f"no key is called {name!r}; {advice}")
    return revoked


def holder(service: Service, key: str) -> StoredKey | None:
    """Look up a key that somebody presents; None where it is none of ours, or no longer.

    It is found by its hash, so that how long this takes says nothing about the key itself.
    """
    with service.database.reading() as session:
        return key_in_force(session, _digest(key))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _name(name: str) -> str:
    try:
        return slug(name)
    except ValueError as error:
        raise UsageError(f"the key's name {error}") from None
