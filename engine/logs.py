"""How the log looks, for every process of the product.

Knows: the level, the format, standard error. Does not know: what is logged.

The log never holds what members speak, nor a token.
"""

import logging
import sys
from typing import Literal

import structlog


class _WithoutTraceback(logging.Filter):
    """discord.py logs an outage with forty lines for each try; the error's own word is enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], OSError):
            record.msg = f"{record.getMessage()}: {record.exc_info[1]}"
            record.args, record.exc_info = (), None
        return True


def set_up_logging(level: str, format_: Literal["console", "json"]) -> None:
    """Send structlog's and the standard library's messages to standard error, one a line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor]
    if format_ == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.plain_traceback
        colors = sys.stderr.isatty()
        last = [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    if level != "debug":
        # discord.py's own levels are one too loud: its "info" is this product's "debug".
        least = max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()])
        logging.getLogger("discord").setLevel(least)
        logging.getLogger("discord.client").addFilter(_WithoutTraceback())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
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
