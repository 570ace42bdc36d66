"""Who may use a server, and how: judged by the head of a request, before anything else is done.

                      token    Host                                     Origin   body of a POST
    Unix socket       -        any                                      none     JSON
    TCP, no token     -        loopback, or a name that was given       none     JSON
    TCP, token        needed   this machine, an IP address, or given    none     JSON

Only its user reaches a Unix socket. Every program of the machine reaches a TCP port, and so does
every web page that a browser opens there. Pages send `Origin`, or `Sec-Fetch-Site`; without asking
first they can send only bodies that are not JSON. A page whose own name resolves to this machine
(DNS rebinding) sends that name in `Host`; an IP address cannot be such a name.
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

Headers = Iterable[tuple[bytes, bytes]]

_NAME: Final = re.compile(r"(\[[^\]]+\]|[^:\[\]]+)(?::\d*)?")


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    code: str
    message: str


UNAUTHORIZED: Final = Refusal(401, "unauthorized", "unauthorized")
UNKNOWN_HOST: Final = Refusal(
    421,
    "unknown_host",
    "this host has another name: use its IP address, or start it with --allow-host NAME",
)
FROM_A_PAGE: Final = Refusal(403, "from_a_page", "web pages may not use this host: send no Origin")
NOT_JSON: Final = Refusal(415, "not_json", "the content type must be application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`token` None: no token is needed. `names`: of this machine, in lower case, without ports."""

    token: bytes | None = field(default=None, repr=False)
    any_host: bool = False
    names: frozenset[str] = frozenset()

    def refusal(self, method: str, headers: Headers) -> Refusal | None:
        """Why this request is refused; None if it is not. Header names are in lower case."""
        given: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            given.setdefault(name, []).append(value)
        if self.token is not None and not _has_token(given.get(b"authorization", []), self.token):
            return UNAUTHORIZED
        if not self.any_host and not self._knows(given.get(b"host", [])):
            return UNKNOWN_HOST
        if b"origin" in given or given.get(b"sec-fetch-site", [b"none"]) != [b"none"]:
            return FROM_A_PAGE
        kinds = [kind.partition(b";")[0].strip() for kind in given.get(b"content-type", [])]
        if method == "POST" and [kind.lower() for kind in kinds] != [b"application/json"]:
            return NOT_JSON
        return None

    def _knows(self, hosts: list[bytes]) -> bool:
        if len(hosts) != 1:
            return False
        name = host_name(hosts[0].decode("latin-1"))
        if name in self.names or name == "localhost":
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.token is not None


def host_name(host: str) -> str:
    """The name in a Host header, in lower case, without port, brackets and final dot. Empty for a
    header that holds no name."""
    match = _NAME.fullmatch(host.strip())
    return match[1].strip("[]").lower().removesuffix(".") if match else ""


def _has_token(given: list[bytes], token: bytes) -> bool:
    if len(given) != 1:
        return False
    scheme, _, credentials = given[0].partition(b" ")
    return hmac.compare_digest(credentials.strip(), token) and scheme.lower() == b"bearer"
