"""Which addresses stand for something that everyone may ask. Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_GLOBAL_UNICAST = ip_network("2000::/3")  # all that is assigned to the public so far
_TRANSLATED = ip_network("64:ff9b::/96")  # an IPv4 address behind NAT64 (RFC 6052)
_NOT_FOR_ALL = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocols, such as Teredo, which hides an IPv4 address
            "2002::/16",  # 6to4, which hides one too
            "3fff::/20",  # documentation, which Python 3.12 does not know yet
        ),
    )
)
_OF_MACHINES = ip_address("168.63.129.16")  # where a virtual machine at Azure finds its host


def is_public(address: str) -> bool:
    """Tell whether an address is of the public internet.

    It is not if it is loopback, private, link-local (where clouds keep their metadata), shared by a
    carrier's customers, multicast, reserved or unspecified, nor if it is a way of writing such a one.
    """
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return _is_public4(found)
    inner = found.ipv4_mapped or _translated(found)
    return _is_public6(found) if inner is None else _is_public4(inner)


def _is_public4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and address != _OF_MACHINES


def _is_public6(address: IPv6Address) -> bool:
    kept = any(address in network for network in _NOT_FOR_ALL)
    return address in _GLOBAL_UNICAST and address.is_global and not kept


def _translated(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _TRANSLATED else None
