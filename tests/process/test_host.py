"""The engine server's process, seen from outside: its answers, its socket, and how it ends."""

import asyncio
import io
import os
import signal
import sys
import wave
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.tts.client.http import EngineHttpClient, StreamBroken
from engine.tts.client.process import HostProcess
from engine.tts.protocol import MOST_BODY, MOST_PLAIN_BODY, Health, SynthesizeCommand
from tests.process.hosts import (
    PATIENCE,
    environment_of,
    health_when,
    host_options,
    is_gone,
    ready_process,
    request,
    rest,
    until,
    within_patience,
)


def synthesize_command(text: str) -> SynthesizeCommand:
    return SynthesizeCommand(id=text, request=request(text))


async def ask(process: HostProcess, method: str, path: str, **body: Any) -> tuple[int, str, bytes]:
    """Status, content type and body of a plain request. A body counts as JSON."""
    body.setdefault("headers", {"content-type": "application/json"} if body else {})
    connector = aiohttp.UnixConnector(str(process.socket))
    async with (
        asyncio.timeout(PATIENCE),
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, f"http://host{path}", **body) as response,
    ):
        return response.status, response.content_type, await response.read()


async def test_the_host_answers_while_its_engine_loads_and_says_when_it_is_ready() -> None:
    async with ready_process("espeak") as (_, http):
        health = await http.health(within=5)
    assert health.info is not None
    assert health.info.name == "espeak"
    assert (health.busy, health.waiting, health.broken) == ((), 0, ())


async def test_a_wav_file_of_16_bits_comes_on_request() -> None:
    async with ready_process() as (process, _):
        body = {"text": "hello", "voice": "low", "format": "wav"}
        status, kind, content = await ask(process, "POST", "/synthesize", json=body)
    assert (status, kind) == (200, "audio/wav")
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48_000, 1, 2)
        assert file.getnframes() / 48_000 == pytest.approx(0.3, abs=0.02)


async def test_what_cannot_be_done_is_refused_in_words_and_the_host_goes_on() -> None:
    refusals: list[tuple[dict[str, Any], int]] = [
        ({"data": b"{", "headers": {"content-type": "text/plain"}}, 415),
        ({"data": b"{"}, 400),
        ({"data": b"\xff\xfe"}, 400),
        ({"data": b"[" * 50_000}, 400),
        ({"data": b" " * (MOST_PLAIN_BODY + 1)}, 400),
        ({"data": io.BytesIO(b" " * (MOST_BODY + 1))}, 400),
        ({"json": {"voice": "low"}}, 400),
        ({"json": {"text": "hello", "voice": "nobody"}}, 422),
        ({"json": {"text": "{fail}", "voice": "low"}}, 422),
        ({"json": {"text": "...", "voice": "low"}}, 422),
    ]
    async with ready_process() as (process, http):
        for body, status in refusals:
            answered, kind, content = await ask(process, "POST", "/synthesize", **body)
            assert (answered, kind) == (status, "application/json")
            assert b'"message":"' in content
        assert (await ask(process, "GET", "/"))[0] == 404
        assert (await ask(process, "GET", "/synthesize"))[0] == 405
        assert await within_patience(rest(http.synthesize(synthesize_command("hello"))))


async def test_a_client_that_goes_away_stops_the_work() -> None:
    async with ready_process() as (_, http):
        async with aclosing(http.synthesize(synthesize_command("hello {hang}"))) as pieces:
            await within_patience(anext(pieces))
            health = await http.health(within=5)
            assert [busy.id for busy in health.busy] == ["hello {hang}"]
        await health_when(http, lambda health: not health.busy)


async def test_a_client_that_goes_away_while_it_waits_is_forgotten() -> None:
    async with (
        ready_process() as (_, http),
        aclosing(http.synthesize(synthesize_command("hello {hang}"))) as first,
        aclosing(http.synthesize(synthesize_command("hello again {hang}"))) as second,
    ):
        await within_patience(anext(first))
        await within_patience(anext(second))
        waiting = asyncio.create_task(rest(http.synthesize(synthesize_command("third"))))
        await health_when(http, lambda health: health.waiting == 1)
        waiting.cancel()
        await health_when(http, lambda health: health.waiting == 0)


async def test_a_stream_that_breaks_off_has_no_end_and_health_says_why() -> None:
    async with ready_process() as (_, http):
        with pytest.raises(StreamBroken):
            await within_patience(rest(http.synthesize(synthesize_command("hello {fail}"))))
        health = await http.health(within=5)
    assert [(broken.id, broken.error["code"]) for broken in health.broken] == [
        ("hello {fail}", "synthesis_failed")
    ]


async def test_progress_is_told_for_what_works_and_for_what_hangs() -> None:
    async with (
        ready_process() as (_, http),
        aclosing(http.synthesize(synthesize_command("hello {hang}"))) as hanging,
        aclosing(http.synthesize(synthesize_command("hello {slow 60}"))) as working,
    ):
        await within_patience(anext(hanging))
        await within_patience(anext(working))

        def told(health: Health) -> bool:
            since = {busy.id: busy.seconds_since_progress for busy in health.busy}
            return since["hello {hang}"] > 0.5 > since["hello {slow 60}"]

        await health_when(http, told)


async def test_only_this_user_can_reach_the_socket() -> None:
    async with ready_process() as (process, _):
        assert os.stat(process.socket).st_mode & 0o777 == 0o600
        assert os.stat(process.socket.parent).st_mode & 0o777 == 0o700
        assert len(bytes(process.socket)) < 100


async def test_sigterm_ends_the_host_in_order_in_mid_stream() -> None:
    async with ready_process() as (process, http):
        async with aclosing(http.synthesize(synthesize_command("hello {hang}"))) as pieces:
            await within_patience(anext(pieces))
            os.kill(process.pid, signal.SIGTERM)
            with pytest.raises(StreamBroken):
                await within_patience(rest(pieces))
        assert await within_patience(process.wait()) == 0
        assert not process.socket.exists()


async def test_ctrl_c_is_for_the_parent_alone() -> None:
    async with ready_process() as (process, http):
        os.kill(process.pid, signal.SIGINT)
        assert await within_patience(rest(http.synthesize(synthesize_command("hello"))))
        assert process.returncode is None
        assert os.getsid(process.pid) != os.getsid(0)


@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "MYNAH_ENGINE_TOKEN", "mynah_engine_token"])
async def test_no_token_is_handed_to_the_host(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "a secret")
    async with ready_process() as (process, _):
        assert "a secret" not in environment_of(process.pid).values()


PARENT = """
import asyncio, sys
from tests.process.hosts import ready_client, request

async def main():
    async with ready_client() as client:
        stream = client.synthesize(request("hello " + sys.argv[1]), deadline_in=0)
        await anext(stream)
        print(client.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("work", ["{hang}", "{slow 60}"])
async def test_a_killed_parent_leaves_no_host_behind(work: str) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, work, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    host = int(await within_patience(parent.stdout.readline()))
    assert not is_gone(host)
    parent.kill()
    await parent.communicate()
    await until(lambda: is_gone(host))


async def test_a_frozen_host_ends_without_anyone_who_kills_it(tmp_path: Path) -> None:
    theirs, ours = os.pipe()
    arguments = host_options().arguments(tmp_path / "host.sock", theirs)
    process = await asyncio.create_subprocess_exec(
        *arguments, "--frozen-limit=1", pass_fds=(theirs,)
    )
    os.close(theirs)
    http = EngineHttpClient(f"unix://{tmp_path}/host.sock")
    await health_when(http, lambda health: health.state == "ready")
    with pytest.raises(StreamBroken):
        await within_patience(rest(http.synthesize(synthesize_command("hello {freeze}"))))
    assert await within_patience(process.wait()) == -signal.SIGALRM
    os.close(ours)
    await http.close()


async def test_a_host_at_an_address_of_the_network_serves_as_well() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "engine.tts.server", "--engine=tone"),
        *("--port=0", "--log-level=info", "--log-format=json"),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    line = b""
    while b'"port"' not in line:
        line = await within_patience(process.stderr.readline())
    port = int(line.split(b'"port": ')[1].split(b",")[0].rstrip(b"}\n"))
    http = EngineHttpClient(f"http://127.0.0.1:{port}")
    await health_when(http, lambda health: health.state == "ready")
    assert await within_patience(rest(http.synthesize(synthesize_command("hello"))))
    await http.close()
    process.terminate()
    await process.communicate()
    assert process.returncode == 0
