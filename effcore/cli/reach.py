"""Where the pages of `effcore serve` listen, and by which names browsers may ask for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from effcore.errors import EffcoreError

LOOPBACK = "127.0.0.1"
OWN = ("localhost", LOOPBACK)
"""Names of this machine for itself, by which the pages are always reached."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """From where the pages can be reached.

    Attributes:
        address: What the server listens on.
        hosts: Names by which it is asked for, beside those of this machine for itself.
    """

    address: str = LOOPBACK
    hosts: tuple[str, ...] = ()

    @property
    def beyond(self) -> bool:
        """Whether others than this machine may reach it, on the network or through what forwards to it."""
        return bool(self.hosts) or not ip_address(self.address).is_loopback

    @property
    def listens_beyond(self) -> bool:
        """Whether the network reaches it without anything between."""
        return not ip_address(self.address).is_loopback

    @property
    def here(self) -> str:
        """Address by which this machine reaches it."""
        at = ip_address(self.address)
        if not at.is_unspecified:
            return self.address
        return LOOPBACK if at.version == 4 else "::1"

    @property
    def allowed(self) -> tuple[str, ...]:
        """Names that a browser may ask by; another one is refused, so that nobody's name can be pointed here."""
        return tuple(dict.fromkeys((*OWN, self.here, *self.hosts)))


def reach(address: str | None, hosts: Sequence[str]) -> Reach:
    """What `--address` and `--host` mean.

    Args:
        address: None for this machine alone.
        hosts: As they were given.

    Raises:
        EffcoreError: One of them is none, or all addresses are listened on and no name is given.
    """
    for host in hosts:
        if not _is_host(host):
            raise EffcoreError(f"--host must be a name or an address alone, as lecture.example.org or 192.168.1.20. Got {host[:80]!r}.")
    try:
        at = ip_address(address or LOOPBACK)
    except ValueError:
        said = "--address must be an IP address of this machine, or 0.0.0.0 for all of them; names go to --host."
        raise EffcoreError(f"{said} Got {(address or '')[:80]!r}.") from None
    if at.is_unspecified and not hosts:
        raise EffcoreError(f"--address {at} needs --host NAME too: the name or address of this machine that the class types, as 192.168.1.20.")
    own = (str(at),) if not at.is_unspecified and not at.is_loopback else ()
    return Reach(address=str(at), hosts=tuple(dict.fromkeys((*hosts, *own))))


def url(host: str, port: int) -> str:
    """Address of the pages by that name."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_host(text: str) -> bool:
    try:
        return not ip_address(text).is_unspecified
    except ValueError:
        return re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", text) is not None
