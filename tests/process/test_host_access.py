"""Access to an engine server at a port: strangers, web pages and other users have none."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from tests.process.hosts import (
    PATIENCE,
    NetworkHost,
    hear,
    mynah_engine,
    network_host,
    packets_in,
    ready_client,
    socket_of,
)
from tests.process.stage import Stage, shows

TOKEN = "correct-horse-battery-staple"
OTHER = "another-token-altogether"
BODY = b'{"text": "hello", "voice": "low"}'
JSON = {"content-type": "application/json"}
REFERENCE = "ab" * 32

BEARER = {"authorization": f"Bearer {TOKEN}"}


async def ask(
    where: str | Path, method: str, path: str, headers: dict[str, str], **more: Any
) -> tuple[int, bytes]:
    """Status and body of a request, at a URL or a Unix socket, with exactly these headers."""
    connector = aiohttp.UnixConnector(str(where)) if isinstance(where, Path) else None
    base = "http://host" if isinstance(where, Path) else where
    async with (
        asyncio.timeout(PATIENCE),
        aiohttp.ClientSession(
            connector=connector, skip_auto_headers=("content-type", "accept")
        ) as session,
        session.request(
            method, f"{base}{path}", headers=headers, allow_redirects=False, **more
        ) as response,
    ):
        return response.status, await response.read()


@pytest.fixture
async def open_host(tmp_path: Path) -> AsyncIterator[NetworkHost]:
    """Without a token, so for this machine alone."""
    async with network_host(tmp_path) as host:
        yield host


@pytest.fixture
async def closed_host(tmp_path: Path) -> AsyncIterator[NetworkHost]:
    """With a token, and a further name."""
    async with network_host(tmp_path, "--allow-host=speech.example", token=TOKEN) as host:
        yield host


async def test_a_web_page_cannot_use_the_host_of_the_machine_on_which_it_is_read(
    open_host: NetworkHost,
) -> None:
    url = open_host.url
    origin = {"origin": "https://evil.example"}
    rebound = {"host": f"evil.example:{open_host.port}"}
    page = {"sec-fetch-site": "cross-site"}
    voice = f"/voices/{REFERENCE}"
    refused: list[tuple[int, str, str, dict[str, str]]] = [
        (421, "GET", "/health", rebound),
        (421, "GET", "/info", {"host": "127.0.0.1.evil.example"}),
        (421, "POST", "/synthesize", JSON | rebound),
        (421, "DELETE", voice, rebound),
        (421, "GET", "/no/such/page", rebound),
        (403, "GET", "/health", origin),
        (403, "GET", "/health", page),
        (403, "POST", "/synthesize", JSON | origin),
        (403, "POST", "/synthesize", {"content-type": "text/plain"} | origin),
        (403, "POST", "/synthesize", JSON | {"origin": "null"}),
        (403, "DELETE", voice, origin),
        (403, "OPTIONS", voice, origin | {"access-control-request-method": "DELETE"}),
        (415, "POST", "/synthesize", {"content-type": "text/plain"}),
        (415, "POST", "/synthesize", {"content-type": "text/plain; application/json"}),
        (415, "POST", "/synthesize", {"content-type": "application/x-www-form-urlencoded"}),
        (415, "POST", "/synthesize", {}),
    ]
    for status, method, path, headers in refused:
        data = {"data": BODY} if method == "POST" else {}
        answered, body = await ask(url, method, path, headers, **data)
        assert (answered, b"OggS" in body) == (status, False), (method, path, headers)
    assert "--allow-host NAME" in open_host.process.output
    assert "evil.example" in open_host.process.output


async def test_a_program_of_this_machine_is_served_by_any_name_of_it(
    open_host: NetworkHost,
) -> None:
    port = open_host.port
    for host in (
        f"127.0.0.1:{port}",
        f"localhost:{port}",
        f"[::1]:{port}",
        "LocalHost",
        "127.1.2.3",
    ):
        status, _ = await ask(open_host.url, "GET", "/health", {"host": host})
        assert status == 200, host
    for kind in ("application/json", "Application/JSON; charset=utf-8"):
        headers = {"content-type": kind}
        status, body = await ask(open_host.url, "POST", "/synthesize", headers, data=BODY)
        assert (status, body[:4]) == (200, b"OggS")
    assert (await ask(open_host.url, "DELETE", f"/voices/{REFERENCE}", {}))[0] == 204


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"authorization": f"Bearer {OTHER}"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer t\xf6ken"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"cookie": f"token={TOKEN}"},
    ],
)
async def test_without_the_token_nothing_is_answered_and_nothing_told(
    closed_host: NetworkHost, credentials: dict[str, str]
) -> None:
    asked = [
        ("GET", "/health"),
        ("HEAD", "/health"),
        ("GET", "/info"),
        ("POST", "/synthesize"),
        ("DELETE", f"/voices/{REFERENCE}"),
        ("DELETE", "/voices/none"),
        ("GET", "/no/such/page"),
        ("OPTIONS", "/health"),
    ]
    answers = set()
    for method, path in asked:
        data = {"data": BODY} if method == "POST" else {}
        status, body = await ask(closed_host.url, method, path, JSON | credentials, **data)
        assert status == 401, (method, path)
        if method != "HEAD":
            answers.add(body)
    assert len(answers) == 1  # also whether there is such a page is not told
    assert b"token" not in answers.pop().lower()
    assert TOKEN not in closed_host.process.output


async def test_with_the_token_all_is_served_but_to_web_pages_and_unknown_names(
    closed_host: NetworkHost,
) -> None:
    url, port = closed_host.url, closed_host.port
    known = ("127.0.0.1", "192.0.2.7", "[2001:db8::7]", socket.gethostname(), "speech.example")
    for name in known:
        status, _ = await ask(url, "GET", "/health", BEARER | {"host": f"{name}:{port}"})
        assert status == 200, name
    status, _ = await ask(url, "GET", "/health", {"authorization": f"bearer {TOKEN}"})
    assert status == 200
    status, body = await ask(url, "POST", "/synthesize", BEARER | JSON, data=BODY)
    assert (status, body[:4]) == (200, b"OggS")
    assert (await ask(url, "GET", "/no/such/page", BEARER))[0] == 404
    assert (await ask(url, "DELETE", f"/voices/{REFERENCE}", BEARER))[0] == 204
    evil = {"host": f"evil.example:{port}"}
    assert (await ask(url, "GET", "/health", BEARER | evil))[0] == 421
    assert (await ask(url, "GET", "/health", BEARER | {"origin": url}))[0] == 403
    assert TOKEN not in closed_host.process.output
    assert not any(TOKEN in word for word in psutil.Process(closed_host.process.pid).cmdline())


async def test_the_token_may_stand_in_the_file_of_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"MYNAH_ENGINE_TOKEN={TOKEN}\n")
    async with network_host(tmp_path, "--host=0.0.0.0") as host:
        assert (await ask(host.url, "GET", "/health", {}))[0] == 401
        assert (await ask(host.url, "GET", "/health", BEARER))[0] == 200


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7"])
async def test_without_a_token_no_other_machine_is_served_and_it_says_what_to_do(
    tmp_path: Path, address: str
) -> None:
    async with mynah_engine(tmp_path, f"--host={address}", "--port=0") as process:
        code, output = await process.report()
    assert code == 2
    assert "secrets.token_urlsafe" in output
    assert "MYNAH_ENGINE_TOKEN" in output
    assert "where the bot runs" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("token", ["hunter2", "fifteen.letters", "with a space in the middle"])
async def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused_and_not_shown(
    tmp_path: Path, token: str
) -> None:
    async with mynah_engine(tmp_path, "--port=0", token=token) as process:
        code, output = await process.report()
    assert code == 2
    assert "MYNAH_ENGINE_TOKEN: " in output
    assert "16" in output
    assert token not in output
    assert "Traceback" not in output


async def test_a_port_that_is_taken_is_named_and_the_exit_code_is_2(
    open_host: NetworkHost, tmp_path: Path
) -> None:
    async with mynah_engine(tmp_path, f"--port={open_host.port}") as process:
        code, output = await process.report()
    assert code == 2
    assert f"--port {open_host.port} cannot be used" in output
    assert "Traceback" not in output


async def test_a_unix_socket_asks_for_no_token_and_lets_in_no_web_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MYNAH_ENGINE_TOKEN", TOKEN)
    async with ready_client() as client:
        assert packets_in(await hear(client, "hello"))
        assert client.pid is not None
        path = socket_of(client.pid)
        assert (await ask(path, "GET", "/health", {"host": "any.example"}))[0] == 200
        origin = {"origin": "https://evil.example"}
        assert (await ask(path, "GET", "/health", origin))[0] == 403
        text = {"content-type": "text/plain"}
        assert (await ask(path, "POST", "/synthesize", text, data=BODY))[0] == 415
        status, body = await ask(path, "POST", "/synthesize", JSON, data=BODY)
        assert (status, body[:4]) == (200, b"OggS")


async def test_the_bot_speaks_with_a_host_that_has_the_same_token(
    stage: Stage, closed_host: NetworkHost
) -> None:
    bot = await stage.start(
        MYNAH_ENGINE_URL=closed_host.url, MYNAH_ENGINE_TOKEN=TOKEN, MYNAH_LOG_LEVEL="debug"
    )
    message = await stage.say("alpha")
    await shows(message, "Spoken in")
    assert stage.heard.text == "alpha"
    assert TOKEN not in bot.output
    assert TOKEN not in closed_host.process.output


async def test_another_token_is_said_in_the_log_and_by_the_doctor_and_can_be_set_right(
    stage: Stage, tmp_path: Path
) -> None:
    said = "refuses the token: set the same MYNAH_ENGINE_TOKEN on both machines"
    async with network_host(tmp_path, token=TOKEN) as host:
        bot = await stage.start(MYNAH_ENGINE_URL=host.url, MYNAH_ENGINE_TOKEN=OTHER)
        message = await stage.say("alpha")
        await shows(message, "The speech engine is restarting")
        await bot.says(said)
        doctor = await stage.run(
            *("-m", "mynah", "doctor"), MYNAH_ENGINE_URL=host.url, MYNAH_ENGINE_TOKEN=OTHER
        )
        code, report = await doctor.report()
        assert code == 1
        assert "FAULT engine" in report
        assert said in report
    async with network_host(tmp_path, token=OTHER, port=host.port):
        await shows(message, "Spoken in")
        assert stage.heard.text == "alpha"
    assert bot.output.count(said) == 1
    for output in (bot.output, report, host.process.output):
        assert TOKEN not in output
        assert OTHER not in output


async def test_a_host_whose_token_is_changed_under_the_bot_is_away_until_it_has_it(
    stage: Stage, tmp_path: Path
) -> None:
    async with network_host(tmp_path, token=TOKEN) as host:
        bot = await stage.start(MYNAH_ENGINE_URL=host.url, MYNAH_ENGINE_TOKEN=TOKEN)
        first = await stage.say("alpha")
        await shows(first, "Spoken in")
    async with network_host(tmp_path, token=OTHER, port=host.port):
        second = await stage.say("beta")
        await shows(second, "The speech engine is restarting")
        await bot.says("refuses the token")
    async with network_host(tmp_path, token=TOKEN, port=host.port):
        await shows(second, "Spoken in")
    assert stage.heard.text.split() == ["alpha", "beta"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        b"This is no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    ],
    ids=["redirect", "no HTTP", "no JSON", "no length"],
)
async def test_the_token_stands_in_no_output_whatever_answers_in_the_hosts_place(
    stage: Stage, answer: bytes
) -> None:
    asked = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"GET /health ")
        assert TOKEN.encode() in head
        asked.set()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        doctor = await stage.run(
            *("-m", "mynah", "doctor"),
            MYNAH_ENGINE_URL=f"http://127.0.0.1:{port}",
            MYNAH_ENGINE_TOKEN=TOKEN,
            MYNAH_LOG_LEVEL="debug",
        )
        code, output = await doctor.report()
    assert asked.is_set()
    assert code == 1
    assert "FAULT engine" in output
    assert TOKEN not in output


async def test_a_password_in_the_address_is_refused_and_not_shown(stage: Stage) -> None:
    bot = await stage.run("-m", "mynah", "run", MYNAH_ENGINE_URL="http://me:hunter2@127.0.0.1:9")
    code, output = await bot.report()
    assert code == 2
    assert "MYNAH_ENGINE_TOKEN" in output
    assert "hunter2" not in output
