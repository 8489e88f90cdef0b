"""IP addresses of clients: which network they are in, and by what they are counted."""

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: tuple[Network, ...] = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))


def neighbourhood(address: str) -> str:
    """The key by which an IP address is counted: itself, or its /64 (one IPv6 customer has at least that many)."""
    ip = plain_ip(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))
    return str(ip) if ip else address


def plain_ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address, with IPv4-in-IPv6 taken out and the zone dropped; None where it is none."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether the IP address lies in one of the networks."""
    ip = plain_ip(address)
    return ip is not None and any(ip in network for network in networks)
