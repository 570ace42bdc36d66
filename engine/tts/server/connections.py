"""The server's connections: how many there may be, and how long a client may stall one.

    opened, or first byte ──▶ request is whole ──▶ at work ──▶ answer ──▶ read ──▶ idle, or closed
          └──── `limit` seconds ────┘                            └── `limit`;  ──┘
                                                                     `HURRIED` while others wait

A client that takes longer is cut off: its connection is reset, which the application sees as a
client that has gone. A connection holds at most the last piece that it was given (16 KB); the rest
of an answer waits in the application, which counts it.
"""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.base.clock import SystemClock
from engine.tts.server.admission import LogLimit

log = structlog.get_logger(__name__)

#: Twice as many as there may be requests. A process has at least 256 descriptors (macOS).
MOST_CONNECTIONS: Final = 128
#: Seconds that a client has to send a request, or to read what is ready for it.
LIMIT: Final = 30.0
#: Seconds that a client has to read while another one waits for what it holds.
HURRIED: Final = 2.0


class Connection(H11Protocol):
    """uvicorn's connection, with limits."""

    limit: ClassVar[float] = LIMIT
    log_limit: ClassVar[LogLimit]

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._opened = self.loop.time()
        self._answered = False  # it has been answered once, so it does not just occupy a place
        self._request_timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None

    @staticmethod
    def others_wait() -> bool:
        """Whether another client waits for what a client that stalls may hold."""
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
        if self._request_timer is None and not self.transport.is_closing():
            self._request_timer = self.loop.call_later(
                self.limit, self._cut_off, "it sends no whole request"
            )

    def _stop_waiting_for_request(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def on_response_complete(self) -> None:
        self._answered = True
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._await_request()  # the next request has begun to arrive already

    # ---- the answer goes

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reader_timer is None:
            self._wait_for_reader(0.0)

    def resume_writing(self) -> None:
        self._stop_waiting_for_reader()
        super().resume_writing()

    def _wait_for_reader(self, waited: float) -> None:
        step = min(HURRIED, self.limit)
        self._reader_timer = self.loop.call_later(step, self._check_reader, waited + step)

    def _check_reader(self, waited: float) -> None:
        self._reader_timer = None
        if waited >= self.limit or self.others_wait():
            self._cut_off("it does not read")
        else:
            self._wait_for_reader(waited)

    def _stop_waiting_for_reader(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    # ---- the end

    def _cut_off(self, reason: str) -> None:
        if self.log_limit.allows(reason):
            log.warning("a client was cut off", client=str(self.client), reason=reason)
        self.transport.abort()

    @property
    def _at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

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
        idle = [each for each in open_now if each is not self and not each._at_work]
        of_least_use = min(idle, key=lambda each: (each._answered, each._opened), default=self)
        of_least_use._cut_off("there are too many connections")


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
            "log_limit": LogLimit(SystemClock()),
        },
    )
