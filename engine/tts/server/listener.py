"""Where a server listens, and who may use it there."""

import ipaddress
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.model.errors import SetupError
from engine.tts.server.access import Access, host_name


@dataclass(frozen=True, slots=True)
class Listener:
    socket: socket.socket
    access: Access


def listen_at(path: Path) -> Listener:
    """A Unix socket. Only this user can reach it, so it needs no token."""
    listening = socket.socket(socket.AF_UNIX)
    old = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(old)
    return Listener(listening, Access(any_host=True))


def listen_on(host: str, port: int, *, token: str | None, names: Iterable[str] = ()) -> Listener:
    """A TCP port, at the first address of `host`. `names`: more names of this machine.

    Raises SetupError; without a token also for an address that other machines can reach.
    """
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
            "and where the bot runs. Without a token, leave out --host: then only this machine "
            "is served."
        )
    try:
        listening = socket.create_server(address[:2], family=family)
    except OSError as error:
        reason = error.strerror or error
        raise SetupError(f"--host {host} --port {port} cannot be used: {reason}.") from error
    known = {host_name(name) for name in (host, *names)} - {""}
    access = Access(
        token=token.encode() if token is not None else None,
        names=frozenset(known if token is None else known | _own_names()),
    )
    return Listener(listening, access)


def _own_names() -> set[str]:
    """What other machines of the network call this one, as far as it knows without asking."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {name, short, f"{short}.local"}
