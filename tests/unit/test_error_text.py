"""How an error is logged: by what it is, never by its words, unless the words are ours."""

import asyncio
import json
import sqlite3
import ssl
from collections.abc import Callable

import aiohttp
import discord
import pytest
import yarl
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import BaseModel
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from engine.base.error_text import describe, format_error
from engine.model.errors import EngineUnavailable, Refused, SetupError

#: Stands for a token, and for the text of a member.
MARK = "Quetzalcoatl"


class _Answer:
    """The part of aiohttp's answer that discord.py's errors read."""

    def __init__(self, status: int) -> None:
        self.status, self.reason = status, MARK


def content_type() -> BaseException:
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bot {MARK}"}))
    request = aiohttp.RequestInfo(yarl.URL("http://x"), "GET", headers, yarl.URL("http://x"))
    theirs = CIMultiDict({"Content-Type": "text/html; charset=utf-8"})
    return aiohttp.ContentTypeError(request, (), status=200, message=MARK, headers=theirs)


def no_certificate() -> BaseException:
    key = ConnectionKey("discord.com", 443, True, True, None, None, None)
    error = ssl.SSLCertVerificationError(1, MARK)
    error.reason = "CERTIFICATE_VERIFY_FAILED"
    return aiohttp.ClientConnectorCertificateError(key, error)


def refused() -> BaseException:
    key = ConnectionKey("discord.com", 443, True, True, None, None, None)
    return aiohttp.ClientConnectorError(key, OSError(111, MARK))


def of_json() -> BaseException:
    with pytest.raises(ValueError, match="char 0") as caught:
        json.loads(MARK)
    return caught.value


def of_pydantic() -> BaseException:
    class Model(BaseModel):
        number: int

    with pytest.raises(ValueError, match=MARK) as caught:
        Model.model_validate({"number": MARK})
    return caught.value


def of_sqlalchemy() -> BaseException:
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("CREATE TABLE said (words TEXT NOT NULL UNIQUE)"))
        insert = text("INSERT INTO said VALUES (:words)")
        connection.execute(insert, {"words": MARK})
        with pytest.raises(SQLAlchemyError, match=MARK) as caught:
            connection.execute(insert, {"words": MARK})
    return caught.value


def of_attribute() -> BaseException:
    with pytest.raises(AttributeError) as caught:
        getattr({MARK: MARK}, "words")  # noqa: B009 - the checker would see that there is none
    return caught.value


def of_http() -> BaseException:
    body = {"code": 50035, "message": MARK}
    return discord.HTTPException(_Answer(400), body)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (content_type, "ContentTypeError (status 200, text/html)"),
        (
            no_certificate,
            "ClientConnectorCertificateError (CERTIFICATE_VERIFY_FAILED, at discord.com:443)",
        ),
        (
            refused,
            "ClientConnectorError (ECONNREFUSED: Connection refused, at discord.com:443)",
        ),
        (of_http, "HTTPException (status 400, code 50035)"),
        (of_json, "JSONDecodeError (lineno 1, colno 1)"),
        (of_pydantic, "ValidationError"),
        (of_sqlalchemy, "IntegrityError (SQLITE_CONSTRAINT_UNIQUE)"),
        (of_attribute, "AttributeError (no 'words' in dict)"),
        (lambda: KeyError(MARK), "KeyError"),
        (lambda: RuntimeError(MARK), "RuntimeError"),
        (lambda: aiohttp.InvalidURL(MARK), "InvalidURL"),
        (lambda: TimeoutError(), "TimeoutError"),
        (lambda: sqlite3.OperationalError(MARK), "OperationalError"),
        (lambda: OSError(28, MARK), "OSError (ENOSPC: No space left on device)"),
        (lambda: Refused(MARK), "Refused"),  # an answer to a member repeats what they typed
        (lambda: EngineUnavailable("it loads"), "EngineUnavailable: it loads"),
        (lambda: SetupError("Do this.\nAnd that."), "SetupError: Do this."),
        (lambda: ImportError("No module named 'x'"), "ImportError: No module named 'x'"),
    ],
)
def test_an_error_is_told_by_what_it_is(make: Callable[[], BaseException], told: str) -> None:
    error = make()
    assert describe(error) == told
    assert MARK not in format_error(error)


def test_a_traceback_shows_frames_and_causes_without_their_words() -> None:
    def inner(words: str) -> None:
        raise ValueError(words)

    def outer(words: str) -> None:
        try:
            inner(words)
        except ValueError as error:
            error.add_note(words)
            raise EngineUnavailable("the stream broke") from error

    with pytest.raises(EngineUnavailable) as caught:
        outer(MARK)
    told = format_error(caught.value)
    assert MARK not in told
    assert told.index("    inner(words)") < told.index("    raise ValueError(words)")
    lines = told.splitlines()
    assert lines.index("ValueError") < lines.index("EngineUnavailable: the stream broke")
    assert "direct cause" in told
    assert lines[-1] == "EngineUnavailable: the stream broke"


async def test_a_group_shows_each_of_its_errors() -> None:
    async def fail(kind: type[Exception]) -> None:
        raise kind(MARK)

    async def fail_twice() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(KeyError))
            group.create_task(fail(RuntimeError))

    with pytest.raises(ExceptionGroup) as caught:
        await fail_twice()
    told = format_error(caught.value)
    assert MARK not in told
    assert "1 of 2:" in told
    assert "    KeyError" in told.splitlines()
    assert "    RuntimeError" in told.splitlines()


def test_a_chain_without_end_ends() -> None:
    first, second = ValueError(MARK), KeyError(MARK)
    first.__context__, second.__context__ = second, first
    assert format_error(first).count("Traceback") == 2
