"""The supervisor with a local engine server: sound, errors, and a server that dies or hangs."""

import asyncio
import os
import signal
import sys
from contextlib import aclosing
from functools import partial

import psutil
import pytest

from engine.base.clock import SystemClock
from engine.model.engine import EngineInfo, EngineState
from engine.model.errors import EngineUnavailable, HostDied, SetupError, SynthesisFailed
from engine.tts.client.http import EngineHttpClient
from engine.tts.client.process import HostOptions, HostProcess
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.engines.tone import SECONDS
from engine.tts.protocol import Health
from tests.process.hosts import (
    health_when,
    hear,
    host_options,
    is_gone,
    is_there,
    packets_in,
    ready_client,
    ready_process,
    request,
    rest,
    socket_of,
    until,
    within_patience,
    without_chatterbox,
)


async def test_a_text_comes_back_as_a_complete_stream() -> None:
    async with ready_client() as client:
        packets = packets_in(await hear(client, "hello there"))
    assert packets == pytest.approx(11 * SECONDS / 0.02, abs=3)


async def test_the_info_is_the_engines_own_and_survives_the_wire() -> None:
    async with ready_client() as client:
        info = await client.info()
    assert info.name == "tone"
    assert info.default_voice in {voice.id for voice in info.voices}
    assert EngineInfo.from_json(info.to_json()) == info


async def test_sound_arrives_while_the_rest_is_not_made() -> None:
    async with (
        ready_client() as client,
        aclosing(client.synthesize(request("hello {hang}"), deadline_in=0)) as pieces,
    ):
        assert (await within_patience(anext(pieces))).data.startswith(b"OggS")


async def test_requests_that_wait_are_worked_on_in_the_order_in_which_they_are_due() -> None:
    heard: list[str] = []

    async def listen(client: EngineSupervisor, name: str, deadline_in: float) -> None:
        await hear(client, "abc", deadline_in=deadline_in)
        heard.append(name)

    async with ready_process() as (process, http):
        client = EngineSupervisor(SystemClock(), url=f"unix://{process.socket}")
        await client.start()
        await within_patience(client.info())
        async with (
            aclosing(client.synthesize(request("hello {hang}"), deadline_in=0)) as first,
            aclosing(client.synthesize(request("hello {hang}"), deadline_in=0)) as second,
        ):
            # Both slots are taken, and three wait.
            await within_patience(anext(first))
            await within_patience(anext(second))
            async with asyncio.TaskGroup() as listeners:
                for name, deadline_in in (("late", 30.0), ("soon", 1.0), ("overdue", -5.0)):
                    listeners.create_task(listen(client, name, deadline_in))
                await health_when(http, lambda health: health.waiting == 3)
                await first.aclose()
        await client.close()
    assert heard == ["overdue", "soon", "late"]


@pytest.mark.parametrize("text", ["{fail}", "hello {fail}"])
async def test_a_refused_text_fails_permanently_and_the_host_lives(text: str) -> None:
    async with ready_client() as client:
        pid = client.pid
        with pytest.raises(SynthesisFailed):
            await hear(client, text)
        assert packets_in(await hear(client, "hello"))
        assert client.pid == pid


async def test_a_text_without_sound_is_refused() -> None:
    async with ready_client() as client:
        with pytest.raises(SynthesisFailed) as refusal:
            await hear(client, " !? ")
        assert refusal.value.code == "nothing-to-speak"


async def test_an_unknown_voice_is_refused_with_what_to_do() -> None:
    async with ready_client() as client:
        with pytest.raises(SynthesisFailed) as refusal:
            await hear(client, "hello", "no such voice")
        assert refusal.value.code == "no-such-voice"


async def test_a_killed_host_fails_what_it_held_and_is_replaced() -> None:
    async with ready_client() as client:
        pid = client.pid
        assert pid is not None
        async with aclosing(client.synthesize(request("hello {hang}"), deadline_in=0)) as pieces:
            await within_patience(anext(pieces))
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(HostDied):
                await within_patience(rest(pieces))
        assert client.state is not EngineState.READY
        await within_patience(client.info())
        assert packets_in(await hear(client, "hello"))
        assert client.pid != pid


@pytest.mark.parametrize("fault", ["{crash}", "hello {crash}", "hello {hang}", "hello {freeze}"])
async def test_a_host_that_crashes_or_hangs_is_replaced(fault: str) -> None:
    async with ready_client(hang_limit=0.5) as client:
        with pytest.raises(HostDied):
            await hear(client, fault)
        await within_patience(client.info())
        assert packets_in(await hear(client, "hello"))


def are_stuck(count: int, health: Health) -> bool:
    return [busy.seconds_since_progress > 0.1 for busy in health.busy] == [True] * count


async def test_an_engine_that_keeps_its_slots_after_a_cancellation_is_replaced() -> None:
    async with ready_client(hang_limit=0.5) as client:
        assert client.pid is not None
        http = EngineHttpClient(f"unix://{socket_of(client.pid)}")
        for count in (1, 2):
            async with aclosing(
                client.synthesize(request("hello {cling}"), deadline_in=0)
            ) as pieces:
                await within_patience(anext(pieces))
                await health_when(http, partial(are_stuck, count))
        await http.close()
        with pytest.raises(HostDied):
            await hear(client, "hello")
        await within_patience(client.info())
        assert packets_in(await hear(client, "hello"))


async def test_every_request_of_a_dying_host_gets_the_error() -> None:
    async with ready_client() as client:
        outcomes = await asyncio.gather(
            # The engine has two slots: the other two wait for one.
            *(hear(client, text) for text in ("{hang}", "{slow 0.3}{crash}", "a", "b")),
            return_exceptions=True,
        )
    assert [type(outcome) for outcome in outcomes] == [HostDied] * 4


async def test_an_engine_that_is_slow_but_alive_is_left_to_work() -> None:
    async with ready_client(hang_limit=0.5) as client:
        pid = client.pid
        assert packets_in(await hear(client, "a{slow 2}b"))
        assert client.pid == pid


async def test_a_host_that_cannot_start_is_reported_and_tried_again() -> None:
    client = EngineSupervisor(SystemClock(), options=HostOptions(engine="none", log_level="error"))
    await client.start()
    await until(lambda: client.error is not None)
    with pytest.raises(EngineUnavailable):
        await hear(client, "hello")
    await client.close()
    assert "exit status 2" in str(client.error)


@without_chatterbox
async def test_a_host_without_its_engines_extra_says_how_to_install_it() -> None:
    client = EngineSupervisor(SystemClock(), options=host_options("chatterbox-turbo"))
    await client.start()
    await until(lambda: client.error is not None)
    await client.close()
    assert "needs the extra: .venv/bin/pip install -e '.[chatterbox]'" in str(client.error)


@without_chatterbox
async def test_without_the_extra_no_host_is_served_and_it_says_so() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mynah", "engine", "--engine=chatterbox", "--port=0"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await within_patience(process.communicate())
    assert process.returncode == 2
    assert said.startswith(b"MYNAH_ENGINE=chatterbox needs the extra")


async def test_before_the_host_is_ready_requests_are_refused_at_once() -> None:
    client = EngineSupervisor(SystemClock(), options=HostOptions(engine="tone", log_level="error"))
    assert client.state is EngineState.LOADING
    await client.start()
    with pytest.raises(EngineUnavailable):
        await hear(client, "hello")
    await client.close()


async def test_closing_leaves_no_process_no_descriptor_and_no_file() -> None:
    us = psutil.Process()
    async with ready_client() as client:  # it opens what stays open
        pass
    before, children = us.num_fds(), us.children()
    async with ready_client() as client:
        pid = client.pid
        assert pid is not None
        socket = socket_of(pid)
        await hear(client, "hello")
    assert is_gone(pid)
    assert us.children() == children
    assert not is_there(socket.parent)
    assert us.num_fds() == before


async def test_closing_at_any_moment_of_the_start_leaves_no_process() -> None:
    before = psutil.Process().children()
    for moment in range(0, 40, 2):
        client = EngineSupervisor(SystemClock(), options=host_options())
        await client.start()
        for _ in range(moment):
            await asyncio.sleep(0)
        await client.close()
        assert psutil.Process().children() == before


async def test_closing_that_is_cancelled_ends_the_process_anyway() -> None:
    process = await HostProcess.start(host_options())
    os.kill(process.pid, signal.SIGSTOP)  # it cannot handle SIGTERM
    closing = asyncio.create_task(process.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    assert closing.cancelled()
    assert process.returncode == -signal.SIGKILL


async def test_closing_ends_a_host_that_is_frozen() -> None:
    async with ready_client() as client:
        pid = client.pid
        assert pid is not None
        stream = client.synthesize(request("hello {freeze}"), deadline_in=0)
        await within_patience(anext(stream))
        await stream.aclose()
    assert is_gone(pid)


async def test_a_host_elsewhere_is_used_and_missed_when_it_goes() -> None:
    async with ready_process() as (process, _):
        client = EngineSupervisor(SystemClock(), url=f"unix://{process.socket}")
        await client.start()
        await within_patience(client.info())
        async with aclosing(client.synthesize(request("hello {hang}"), deadline_in=0)) as pieces:
            await within_patience(anext(pieces))
            process.kill()
            with pytest.raises(EngineUnavailable):
                await within_patience(rest(pieces))
    await until(lambda: client.state is EngineState.DOWN)
    await client.close()


async def test_a_host_elsewhere_that_hangs_is_let_go() -> None:
    async with ready_process() as (process, _):
        client = EngineSupervisor(SystemClock(), url=f"unix://{process.socket}")
        await client.start()
        await within_patience(client.info())
        with pytest.raises(EngineUnavailable):
            await hear(client, "hello {freeze}")
        assert not is_gone(process.pid)
        await client.close()


async def test_a_host_elsewhere_may_come_up_later() -> None:
    async with ready_process() as (process, _):
        late = str(process.socket) + ".late"
        client = EngineSupervisor(SystemClock(), url=f"unix://{late}")
        await client.start()
        await until(lambda: client.state is EngineState.DOWN)
        os.rename(process.socket, late)
        await within_patience(client.info())
        assert packets_in(await hear(client, "hello"))
        await client.close()


@pytest.mark.parametrize("url", ["", "localhost:80", "ftp://host", "unix://"])
async def test_a_wrong_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(SetupError, match="unix:///path"):
        EngineSupervisor(SystemClock(), url=url)


async def test_the_bots_process_carries_no_audio_library() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import engine.tts.client.supervisor, sys;"
        "print({'numpy','av','soxr','starlette','uvicorn','httpx'} & set(sys.modules))",
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert out == b"set()\n"
