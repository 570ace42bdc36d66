"""Where a host listens, and the door that belongs to it.

Knows: sockets, addresses, which of them need a token. Does not know: HTTP, the engine.
"""

import ipaddress
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.model.errors import SetupError
from engine.tts.server.access import Access, host_name


@dataclass(frozen=True, slots=True)
class Listening:
    socket: socket.socket
    door: Access


def listen_at(path: Path) -> Listening:
    """A Unix socket that only this user may speak to: that is its token."""
    listener = socket.socket(socket.AF_UNIX)
    old = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(old)
    return Listening(listener, Access(any_host=True))


def listen_on(host: str, port: int, *, token: str | None, names: Iterable[str] = ()) -> Listening:
    """A TCP port, at the first address that `host` has. `names`: by which this machine is called,
    beside its own. Raises SetupError; without a token also for an address beyond this machine."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise SetupError(f"--host {host}: there is no such address ({error}).") from error
    ip = str(address[0])
    if token is None and not ipaddress.ip_address(ip.partition("%")[0]).is_loopback:
        from engine.base.settings import MAKE_TOKEN

        raise SetupError(
            f"--host {host} can be reached from other machines, so it needs a token. Make one:\n"
            f"    {MAKE_TOKEN}\n"
            "Put it on both machines, as MYNAH_ENGINE_TOKEN=… into .env or the environment: here, "
            "and where the bot runs. Without a token, leave --host away: then only this machine "
            "is served."
        )
    try:
        listener = socket.create_server(address[:2], family=family)
    except OSError as error:
        reason = error.strerror or error
        raise SetupError(f"--host {host} --port {port} cannot be used: {reason}.") from error
    known = {host_name(name) for name in (host, *names)} - {""}
    door = Access(
        token=token.encode() if token is not None else None,
        names=frozenset(known if token is None else known | _own_names()),
    )
    return Listening(listener, door)


def _own_names() -> set[str]:
    """What other machines of the network call this one, as far as it knows without asking."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {name, short, f"{short}.local"}
