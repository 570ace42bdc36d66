"""The log of a real process, however a line gets there: no secret, no words of other people."""

import json
import subprocess
import sys
import textwrap

import pytest

from tests.process.stage import HOME

SECRET = "correct-horse-battery-staple"
#: What a member wrote, or a library received.
MARK = "Quetzalcoatl"
HEAD = f"""
import asyncio, logging, os, sys, threading, warnings
import structlog
from engine.base.logging import set_up_logging
set_up_logging(os.environ["LEVEL"], os.environ["FORMAT"], ["{SECRET}"])
SECRET, MARK = "-".join(["correct", "horse", "battery", "staple"]), "Quetzal" + "coatl"
log = structlog.get_logger("bot.anything")
"""


def written(code: str, *, level: str = "debug", form: str = "console", code_is: int = 0) -> str:
    """What a process that runs `code` writes, on both streams."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + textwrap.dedent(code)],
        cwd=HOME,
        env={"LEVEL": level, "FORMAT": form, "MARK_TOKEN": "from-the-environment"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code_is, done.stderr
    output = done.stdout + done.stderr
    if form == "json":
        for line in done.stderr.splitlines():
            assert isinstance(json.loads(line), dict)
    assert SECRET not in output
    assert MARK not in output
    return output


FORMS = pytest.mark.parametrize("form", ["console", "json"])

#: Each with what its log must contain.
WAYS = {
    "our own": ('log.warning("it was", what=f"x{SECRET}x")', "it was"),
    "a library": ('logging.getLogger("some.library").warning("it was %s", SECRET)', "it was"),
    "print": ("print('it was', SECRET)", "it was"),
    "print, in pieces": ('for c in f"it was {SECRET}\\n": print(c, end="")', "it was"),
    "no end of line": ('print("it was", SECRET, end="")', "it was"),
    "standard error": ('log.info("a"); print("it was", SECRET, file=sys.stdout)', "it was"),
    "many lines": ('log.error("it was", what=f"a\\n{SECRET}\\nb")', "it was"),
    "bytes": ('log.error("it was", what=SECRET.encode())', "it was"),
    "within": ('log.error("it was", what={"a": [SECRET, {"b": SECRET}]})', "it was"),
    "the environment": ('print("it was", dict(os.environ))', "it was"),
    "a warning": ("warnings.warn(MARK + SECRET)", "UserWarning"),
    "a traceback": (
        "try: raise ValueError(MARK + SECRET)\n"
        "except ValueError: log.exception('it broke', of=SECRET)",
        "ValueError",
    ),
    "a library's traceback": (
        "try: raise ValueError(MARK + SECRET)\n"
        "except ValueError: logging.getLogger('x').exception('it broke')",
        "ValueError",
    ),
    "a thread": (
        "def fail(): raise ValueError(MARK + SECRET)\n"
        "thread = threading.Thread(target=fail, name='one'); thread.start(); thread.join()",
        "ValueError",
    ),
    "a destructor": (
        "class A:\n    def __del__(self): raise ValueError(MARK + SECRET)\nA()",
        "ValueError",
    ),
    "a callback": (
        "async def main():\n"
        "    asyncio.get_running_loop().call_soon(int, MARK + SECRET)\n"
        "    await asyncio.sleep(0.01)\n"
        "asyncio.run(main())",
        "Exception in callback int",
    ),
    "a task": (
        "async def fail(): raise ValueError(MARK + SECRET)\n"
        "async def main():\n"
        "    task = asyncio.create_task(fail())\n"
        "    await asyncio.sleep(0.01)\n"
        "asyncio.run(main())",
        "Task exception was never retrieved",
    ),
    "a slow callback, with asyncio's own debugging": (
        "async def main():\n"
        "    loop = asyncio.get_running_loop(); loop.slow_callback_duration = 0\n"
        "    loop.call_soon(str, MARK + SECRET); await asyncio.sleep(0.01)\n"
        "asyncio.run(main(), debug=True)",
        "Executing",
    ),
    "more lines of a library": (
        "logging.getLogger('x').error('it was\\n' + MARK)",
        "it was",
    ),
}


@FORMS
@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_the_log_shows_a_secret_or_the_words_of_an_error(way: str, form: str) -> None:
    code, told = WAYS[way]
    if way.startswith("print") or way in ("no end of line", "the environment"):
        form = "console"  # printed text is not a line of the log
    output = written(code, form=form)
    assert told in output
    assert "from-the-environment" not in output


@FORMS
def test_what_ends_a_process_is_told_without_its_words(form: str) -> None:
    output = written("raise ValueError(MARK + SECRET)", form=form, code_is=1)
    assert "an error ended this process" in output
    assert "ValueError" in output


def test_a_line_that_cannot_be_formatted_is_lost_without_its_arguments() -> None:
    output = written('logging.getLogger("x").warning("%d", MARK + SECRET)')
    assert "A log line of x was lost: TypeError" in output


@FORMS
def test_at_level_debug_only_our_own_loggers_say_more(form: str) -> None:
    """Also where a library sets its level itself."""
    output = written(
        """
        for name in ("discord", "discord.gateway", "discord.http", "aiosqlite", "asyncio", "x",
                     "sqlalchemy.engine", "aiohttp.client", "uvicorn.error", "huggingface_hub"):
            logging.getLogger(name).debug("For Shard ID None: WebSocket Event: %s", MARK)
            logging.getLogger(name).setLevel(1)
            logging.getLogger(name).debug("For Shard ID None: WebSocket Event: %s", MARK)
        logging.getLogger().debug(MARK)
        logging.debug(MARK)
        for name in ("bot.discord_io.rest", "engine.queue.changes", "mynah.run"):
            structlog.get_logger(name).debug("heard", of=name)
        logging.getLogger("discord.client").info("logging in")
        """,
        form=form,
    )
    assert output.count("heard") == 3
    assert "logging in" in output


def test_what_sqlalchemy_would_say_of_its_statements_is_not_heard() -> None:
    code = """
    from sqlalchemy import create_engine, text
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT :words"), {"words": MARK})
    log.debug("done")
    """
    assert "done" in written(code)


@pytest.mark.parametrize(("level", "heard"), [("debug", 4), ("info", 3), ("warning", 2)])
def test_a_level_hides_what_is_less_severe(level: str, heard: int) -> None:
    code = 'for each in ("debug", "info", "warning", "error"): getattr(log, each)("heard")'
    assert written(code, level=level).count("heard") == heard


def test_an_outage_takes_one_line_of_discords_library() -> None:
    code = """
    try:
        raise ConnectionRefusedError(111, MARK)
    except OSError:
        logging.getLogger("discord.client").exception("Attempting a reconnect in %.2fs", 1.0)
    """
    told = written(code, level="info")
    assert "Attempting a reconnect in 1.00s: ConnectionRefusedError (ECONNREFUSED: " in told
    assert len(told.splitlines()) == 1
