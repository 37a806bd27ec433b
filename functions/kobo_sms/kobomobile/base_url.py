"""Where KoboMobile's API is found: an address to which a password may go.

Pure.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def find_problem(url: str) -> str | None:
    """Return what is wrong with an address, None when nothing is. The address is not repeated: it may hold a password.

    `http://` is for this machine itself, as the password goes over it in clear.
    """
    try:
        parts = urlsplit(url)
        # The port is read when it is asked for.
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.query or parts.fragment:
        return "is no address as https://kobomobile.net/api"
    if parts.scheme == "http" and not _is_loopback(host):
        return "begins with http://, so the password would go in clear; use https://"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
