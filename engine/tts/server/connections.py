"""The host's connections: how many there may be, and how long a client may keep one waiting.

    opened, or first byte ──▶ request is whole ──▶ at work ──▶ answer ──▶ read ──▶ idle, or closed
          └──── `limit` seconds ────┘                            └── `limit`;  ──┘
                                                                     `HURRIED` while others wait

A client that takes longer is cut: its connection is reset, by which the application hears that it
has gone. A connection holds the last piece that it was given (16 KB) and no more: what is not read
waits in the application, which counts it.

Knows: uvicorn, h11, the two ways in which a client stalls. Does not know: what is asked for.
"""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.base.clock import SystemClock
from engine.tts.server.log_limit import LogLimit

log = structlog.get_logger(__name__)

#: Twice as many as there are places for orders. A process has at least 256 descriptors (macOS).
MOST_CONNECTIONS: Final = 128
#: Seconds that a client has to send a request, or to read what lies ready for it.
LIMIT: Final = 30.0
#: Seconds that it has to read while another waits for what it holds.
HURRIED: Final = 2.0


class Connection(H11Protocol):
    """uvicorn's connection, with limits."""

    limit: ClassVar[float] = LIMIT
    seldom: ClassVar[LogLimit]

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._opened = self.loop.time()
        self._answered = False  # it has been answered once: this is no mere occupier
        self._sending: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    @staticmethod
    def others_wait() -> bool:
        """Whether somebody waits for what a client that stalls may hold."""
        return False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # `pause_writing` is called as soon as anything is not taken, `resume_writing` when all is.
        transport.set_write_buffer_limits(high=0)
        self._await_request()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting_for_request()
        self._stop_waiting_for_reader()
        super().connection_lost(exc)

    # ---- the request comes

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._await_request()
        else:
            self._stop_waiting_for_request()

    def _await_request(self) -> None:
        if self._sending is None and not self.transport.is_closing():
            self._sending = self.loop.call_later(self.limit, self._cut, "sends no whole request")

    def _stop_waiting_for_request(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def on_response_complete(self) -> None:
        self._answered = True
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._await_request()  # the next one has begun to come already

    # ---- the answer goes

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reading is None:
            self._wait_for_reader(0.0)

    def resume_writing(self) -> None:
        self._stop_waiting_for_reader()
        super().resume_writing()

    def _wait_for_reader(self, waited: float) -> None:
        step = min(HURRIED, self.limit)
        self._reading = self.loop.call_later(step, self._look_at_reader, waited + step)

    def _look_at_reader(self, waited: float) -> None:
        self._reading = None
        if waited >= self.limit or self.others_wait():
            self._cut("does not read")
        else:
            self._wait_for_reader(waited)

    def _stop_waiting_for_reader(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    # ---- the end

    def _cut(self, why: str) -> None:
        if self.seldom.due(why):
            log.warning("a client was cut off", client=str(self.client), why=why)
        self.transport.abort()

    @property
    def _at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _make_room(self) -> None:
        """Where there are too many, cut the one that has been of no use for longest: one that was
        never answered, else one that is idle, else this one."""
        there = [
            each
            for each in self.connections
            if isinstance(each, Connection) and not each.transport.is_closing()
        ]
        if len(there) <= MOST_CONNECTIONS:
            return
        idle = [each for each in there if each is not self and not each._at_work]
        of_least_use = min(idle, key=lambda each: (each._answered, each._opened), default=self)
        of_least_use._cut("there are too many connections")


def connections(
    *, limit: float = LIMIT, others_wait: Callable[[], bool] = lambda: False
) -> type[Connection]:
    """The class of one server's connections."""
    return type(
        "Connection",
        (Connection,),
        {
            "limit": limit,
            "others_wait": staticmethod(others_wait),
            "seldom": LogLimit(SystemClock()),
        },
    )
