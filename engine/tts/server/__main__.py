"""The engine's process: `python -m engine.tts.server --engine espeak --socket PATH`.

Its lifeline is a pipe whose other end the parent holds and never writes to. When the parent ends,
for whatever reason, the pipe ends, and so does this process.
"""

import argparse
import asyncio
import logging
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, get_args

import structlog
import uvicorn

from engine.base.clock import SystemClock
from engine.base.logging import set_up_logging
from engine.model.engine import Device
from engine.model.errors import SetupError
from engine.tts.engines.catalog import DEFAULT, ENGINES, EngineOptions, check_installed, make_engine
from engine.tts.server.access import Access
from engine.tts.server.admission import AdmissionLimits, LogLimit
from engine.tts.server.app import application
from engine.tts.server.connections import LIMIT, Connection, listen_at, listen_on
from engine.tts.server.runner import EngineRunner

log = structlog.get_logger("engine.tts.server")  # also where it is run by -m

#: Seconds an idle connection is kept: longer than our client keeps it, so that the client closes
#: first and never sends a command into a connection that is being closed.
_KEEP_ALIVE: Final = 75
#: Seconds that answers have to finish when the engine has become unusable.
_LAST_ANSWERS: Final = 5


class _Server(uvicorn.Server):
    """uvicorn, except that SIGTERM ends the process with exit code 0. SIGINT is left as it is."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end)
        yield
        loop.remove_signal_handler(signal.SIGTERM)

    def _end(self) -> None:
        """End now: cut the connections, so that the application ends what has lost its reader."""
        self.should_exit = True
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def serve(options: argparse.Namespace, listening: socket.socket, access: Access) -> bool:
    """Serve until SIGTERM. If the engine becomes unusable, a supervised process waits for its
    supervisor; any other ends, so that what runs it can start it again. False: it ended so."""
    given_up = False
    supervised = options.lifeline is not None

    def give_up() -> None:
        nonlocal given_up
        given_up = True
        server.should_exit = server.should_exit or not supervised

    clock = SystemClock()
    engine_options = EngineOptions(
        pace=options.pace, checkpoint=options.checkpoint, device=options.device
    )
    runner = EngineRunner(
        partial(make_engine, options.engine, engine_options),
        clock,
        state_dir=options.state_dir,
        slots=options.slots,
        give_up=give_up,
    )
    limits = AdmissionLimits(clock)
    connection = partial(
        Connection,
        limit=options.stall_limit,
        others_wait=lambda: limits.wanted or runner.waiting > 0,
        log_limit=LogLimit(clock),
    )
    config = uvicorn.Config(
        application(runner, limits, access),
        http=connection,  # type: ignore[arg-type]  # uvicorn only calls it
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_LAST_ANSWERS,
    )
    server = _Server(config)
    asyncio.run(server.serve(sockets=[listening]))
    return not given_up


def hold_lifeline(fd: int, socket_path: Path | None, *, frozen_limit: float) -> None:
    """End this process as soon as the pipe `fd` ends, whatever the process is doing.

    A thread does it. It needs Python's lock, which a call into C may keep for ever. So the kernel
    holds an alarm (SIGALRM, which ends the process by default), and the thread postpones it again
    and again: a process that is frozen for `frozen_limit` seconds ends too.
    """

    def wait() -> None:
        while not select.select([fd], [], [], frozen_limit / 4)[0]:
            signal.setitimer(signal.ITIMER_REAL, frozen_limit)
        if socket_path is not None:
            socket_path.unlink(missing_ok=True)
            with suppress(OSError):  # the folder holds other files too
                socket_path.parent.rmdir()
        os._exit(0)

    signal.setitimer(signal.ITIMER_REAL, frozen_limit)
    threading.Thread(target=wait, daemon=True, name="lifeline").start()


#: Messages of uvicorn that are not logged: the application leaves a stream without its end to cut
#: the connection, and strangers may cause the others as often as they like.
_NOT_LOGGED: Final = (
    "ASGI callable returned without completing response",
    "Invalid HTTP request received",
    "Unsupported upgrade request",
    "No supported WebSocket library",
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="mynah engine", description="Serve one engine over HTTP.")
    add = parser.add_argument
    add("--engine", choices=ENGINES, default=DEFAULT)
    add("--checkpoint", type=Path, help="folder of a Chatterbox model; without: from the hub, once")
    add("--device", choices=get_args(Device), default="auto", help="where a model runs")
    add("--state-dir", type=Path, help="folder that keeps the embeddings of reference voices")
    add("--slots", type=_positive, help="texts to work on at once; without: the engine's choice")
    add("--pace", type=float, default=0.0, help="real-time factor of delivery")
    add("--socket", type=Path, help="path of a Unix socket to serve at")
    add("--host", default="127.0.0.1", help="address to serve at, without --socket")
    add("--port", type=int, default=8765)
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="with --host: another name of this machine, beside its own and its addresses; may be "
        "repeated",
    )
    add("--lifeline", type=int, help="file descriptor of the parent's pipe")
    add(
        "--frozen-limit",
        type=float,
        default=120.0,
        help="with --lifeline: seconds after which a frozen process is ended",
    )
    add(
        "--stall-limit",
        type=float,
        default=LIMIT,
        help="seconds that a client has to send a whole request, or to read what is ready for it",
    )
    add("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    add("--log-format", choices=("console", "json"), default="console")
    options = parser.parse_args(arguments)

    supervised = options.lifeline is not None
    if not supervised:
        check_installed(options.engine)
    set_up_logging(options.log_level, options.log_format)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: not record.getMessage().startswith(_NOT_LOGGED)
    )
    if supervised:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the parent
        hold_lifeline(options.lifeline, options.socket, frozen_limit=options.frozen_limit)
    if options.socket is not None:
        listening, access = listen_at(options.socket)
    else:
        # Only here: the bot reaches its own process by a socket, and gives it no settings.
        from engine.base.settings import load_settings

        secret = load_settings().mynah_engine_token
        token = secret.get_secret_value() if secret is not None else None
        listening, access = listen_on(
            options.host, options.port, token=token, names=options.allow_host
        )
        host, port = listening.getsockname()[:2]
        log.info("the host listens", host=host, port=port, needs_token=token is not None)
    try:
        return 0 if serve(options, listening, access) else 1
    finally:
        listening.close()
        if options.socket is not None:
            options.socket.unlink(missing_ok=True)


def _positive(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError(text)
    return count


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
