"""The format of the log of every process, and what no line of it may contain.

Knows: the level, the format, standard error; which loggers are ours. Does not know: what is logged.

No level logs what members say, or a secret:

- Below "info" the log includes only our own loggers. There discord.py prints whole events of the
  gateway, aiosqlite every statement with its values, asyncio the arguments of callbacks.
- `error_text.py` describes errors, because their own messages repeat headers, answers and texts.
- Of a library's message only the first line is logged; the other lines of asyncio's show objects.
- All lines go through `redaction.py`, which hides everything that looks like a secret.
"""

import logging
import sys
import threading
import warnings
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import structlog

from engine.base.error_text import describe, format_error
from engine.base.redaction import guard_output

#: Our loggers, which may log at level "debug". `__main__`: a module run by `-m`.
OURS: Final = ("bot", "engine", "mynah", "__main__")
#: SQLAlchemy's "info" shows statements with their values, httpx's whole addresses.
_QUIET: Final = ("sqlalchemy", "aiosqlite", "httpx", "httpcore", "urllib3", "uvicorn", "websockets")
_MOST_WORDS: Final = 500  # characters of a library's message
_MOST_VALUE: Final = 10_000  # characters of anything in a line

log = structlog.get_logger(__name__)


def set_up_logging(
    level: str, format_: Literal["console", "json"], secrets: Iterable[str] = ()
) -> None:
    """Send the messages of structlog and the standard library to standard error, one in a line, and
    hide `secrets` in all that this process writes."""
    guard_output(secrets)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor]
    if format_ == "json":
        error = structlog.processors.ExceptionRenderer(_error_of)
        last = [error, _cut, structlog.processors.JSONRenderer()]
    else:
        colors = sys.stderr.isatty()
        plain = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=_write_error)
        last = [_cut, plain]
    handler = _Edge(sys.stderr)
    handler.addFilter(_may_be_heard)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_first_words, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    _set_levels(logging.getLevelNamesMapping()[level.upper()])
    logging.getLogger().handlers[:] = [handler]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    warnings.showwarning = _warn
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def is_ours(logger: str) -> bool:
    return logger.partition(".")[0] in OURS


def _set_levels(level: int) -> None:
    logging.getLogger().setLevel(max(level, logging.INFO))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # discord.py's levels are one too high: its "info" is this product's "debug".
    is_loud = level <= logging.DEBUG
    logging.getLogger("discord").setLevel(logging.INFO if is_loud else max(level, logging.WARNING))
    if not is_loud:
        logging.getLogger("discord.client").addFilter(_WithoutTraceback())


class _WithoutTraceback(logging.Filter):
    """discord.py logs an outage with forty lines for each attempt; one line is enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], OSError):
            record.msg = f"{record.getMessage()}: {describe(record.exc_info[1])}"
            record.args, record.exc_info = (), None
        return True


def _may_be_heard(record: logging.LogRecord) -> bool:
    """Applies also where a library has set the level of its own logger."""
    return record.levelno >= logging.INFO or is_ours(record.name)


class _Edge(logging.StreamHandler[TextIO]):
    """The only handler."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """By default logging prints the arguments of the record, which may be anything."""
        error = sys.exc_info()[1]
        why = describe(error) if error is not None else "for no known reason"
        try:
            self.stream.write(f"A log line of {record.name} was lost: {why}\n")
        except (OSError, ValueError):
            return  # standard error is closed


def _first_words(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Cut a library's message: asyncio adds objects, and a callback's arguments."""
    words = str(event["event"]).partition("\n")[0]
    if event["_record"].name == "asyncio":
        words = words.partition("(")[0]
    event["event"] = words[:_MOST_WORDS]
    return event


def _cut(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name, value in event.items():
        if isinstance(value, str) and len(value) > _MOST_VALUE:
            half = _MOST_VALUE // 2
            more = len(value) - 2 * half
            event[name] = f"{value[:half]} … {more} characters … {value[-half:]}"
    return event


def _error_of(exc_info: Any) -> str:
    return format_error(exc_info[1]) if exc_info[1] is not None else "no error"


def _write_error(into: TextIO, exc_info: Any) -> None:
    into.write("\n" + _error_of(exc_info))


# What Python writes to standard error by itself.


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Logs no message, because a library that reads texts may repeat one."""
    log.warning("a Python warning", category=category.__name__, at=f"{filename}:{lineno}")


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("an error ended this process", exc_info=error)


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = args.thread.name if args.thread is not None else "unknown"
        log.error("an error ended a thread", thread=name, exc_info=args.exc_value)


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    where = getattr(args.object, "__qualname__", type(args.object).__name__)
    log.error("an error could not be raised", where=where, exc_info=args.exc_value)
