"""Which address a request comes from: what limits are counted on and what security mails name."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV6_PREFIX = 64  # what a provider hands to one customer, who may then use any address inside it
AREA_PREFIXES = {4: 24, 6: 48}
UNKNOWN = "0.0.0.0"  # noqa: S104  # for a column that takes addresses only


def client_address(request: HttpRequest) -> str:
    """The client's address, as far as it can be trusted.

    Each of our TRUSTED_PROXIES appends the address it was called from to X-Forwarded-For, so the client is that
    many entries from the right; everything further left is the client's own word. A request that did not come
    through all of the proxies is known by its peer only.
    """
    peer = plain(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.TRUSTED_PROXIES
    entries = [entry for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if entry.strip()]
    if not proxies or len(entries) < proxies:
        return peer or "unknown"
    return plain(entries[-proxies]) or peer or "unknown"


def network(address: str) -> str:
    """What one customer of a provider holds: the address itself for IPv4, the /64 around it for IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))


def plain(text: str) -> str:
    """The address without port, brackets and zone, IPv4 written as IPv4; empty when it is none."""
    text = text.strip().removeprefix("[").partition("]")[0].partition("%")[0]
    if text.count(":") == 1:  # 192.0.2.1:5060
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def area(address: str) -> str:
    """Roughly where an address lies, which is all that is kept: the first 24 bits of IPv4, 48 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN
    kept = AREA_PREFIXES[parsed.version]
    return str(ipaddress.ip_network((parsed, kept), strict=False).network_address)
