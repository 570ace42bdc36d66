"""The server's connections: where they arrive, how many there may be, and how long a client may
stall one.

    opened, or first byte ──▶ request is whole ──▶ at work ──▶ answer ──▶ read ──▶ idle, or closed
          └──── `limit` seconds ────┘                            └── `limit`;  ──┘
                                                                     `HURRIED` while others wait

A client that takes longer is cut off: its connection is reset, which the application sees as a
client that has gone. A connection holds at most the last piece that it was given (16 KB); the rest
of an answer waits in the application, which counts it.
"""

import asyncio
import ipaddress
import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, Literal

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.model.errors import SetupError
from engine.tts.server.access import Access, host_name
from engine.tts.server.admission import LogLimit

log = structlog.get_logger(__name__)

#: Twice as many as there may be requests. A process has at least 256 descriptors (macOS).
MOST_CONNECTIONS: Final = 128
#: Seconds that a client has to send a request, or to read what is ready for it.
LIMIT: Final = 30.0
#: Seconds that a client has to read while another one waits for what it holds.
HURRIED: Final = 2.0


def listen_at(path: Path) -> tuple[socket.socket, Access]:
    """A Unix socket. Only this user can reach it, so it needs no token."""
    listening = socket.socket(socket.AF_UNIX)
    old = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(old)
    return listening, Access(any_host=True)


def listen_on(
    host: str, port: int, *, token: str | None, names: Iterable[str]
) -> tuple[socket.socket, Access]:
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
    if token is None:
        return listening, Access(names=frozenset(known))
    # What other machines of the network call this one, as far as it knows without asking.
    own = socket.gethostname().lower()
    short = own.partition(".")[0]
    names = frozenset({*known, own, short, f"{short}.local"})
    return listening, Access(token=token.encode(), names=names)


class Connection(H11Protocol):
    """uvicorn's, with limits. `others_wait`: for what a client that stalls may hold."""

    def __init__(
        self, *, limit: float, others_wait: Callable[[], bool], log_limit: LogLimit, **more: Any
    ) -> None:
        super().__init__(**more)
        self._limit = limit
        self._others_wait = others_wait
        self._log_limit = log_limit
        self._opened = self.loop.time()
        self._answered = False  # it has been answered once, so it does not just occupy a place
        self._timers: dict[Literal["request", "reader"], asyncio.TimerHandle] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # `pause_writing` is called as soon as anything is not taken, `resume_writing` when all is.
        transport.set_write_buffer_limits(high=0)
        self._wait_for_request()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting_for("request")
        self._stop_waiting_for("reader")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._wait_for_request()
        else:
            self._stop_waiting_for("request")

    def on_response_complete(self) -> None:
        self._answered = True
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait_for_request()  # the next request has begun to arrive already

    def pause_writing(self) -> None:
        super().pause_writing()
        if "reader" not in self._timers:
            self._wait_for_reader(0.0)

    def resume_writing(self) -> None:
        self._stop_waiting_for("reader")
        super().resume_writing()

    def _wait_for_request(self) -> None:
        if "request" not in self._timers and not self.transport.is_closing():
            self._timers["request"] = self.loop.call_later(
                self._limit, self._cut_off, "it sends no whole request"
            )

    def _wait_for_reader(self, waited: float) -> None:
        if waited and (waited >= self._limit or self._others_wait()):
            self._cut_off("it does not read")
            return
        step = min(HURRIED, self._limit)
        self._timers["reader"] = self.loop.call_later(step, self._wait_for_reader, waited + step)

    def _stop_waiting_for(self, what: Literal["request", "reader"]) -> None:
        if timer := self._timers.pop(what, None):
            timer.cancel()

    def _cut_off(self, reason: str) -> None:
        if self._log_limit.allows(reason):
            log.warning("a client was cut off", client=str(self.client), reason=reason)
        self.transport.abort()

    def _make_room(self) -> None:
        """Where there are too many connections, cut off the one that has been of no use for
        longest: one that was never answered, else one that is idle, else this one."""
        open_now = [
            each
            for each in self.connections
            if isinstance(each, Connection) and not each.transport.is_closing()
        ]
        if len(open_now) <= MOST_CONNECTIONS:
            return
        others = [each for each in open_now if each is not self]
        idle = [each for each in others if each.cycle is None or each.cycle.response_complete]
        of_least_use = min(idle, key=lambda each: (each._answered, each._opened), default=self)
        of_least_use._cut_off("there are too many connections")
