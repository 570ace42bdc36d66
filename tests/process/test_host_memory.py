"""The engine's device runs out of memory: the cache is dropped, then the server is replaced."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.base.clock import SystemClock
from engine.model.engine import EngineState, SynthesisRequest
from engine.model.errors import EngineUnavailable, HostDied
from engine.tts.audio.ogg import OggPiece
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.protocol import SynthesizeCommand
from tests.process.hosts import (
    health_of,
    health_when,
    hear,
    host_options,
    packets_in,
    ready_client,
    ready_process,
    request,
    rest,
    tone_host_at,
    until,
    within_patience,
)
from tests.process.speaking import speech_on, spoken
from tests.process.voices import FakeRecordingFiles, hear_voice, same_pitch


async def test_out_of_memory_once_costs_the_voices_in_memory_and_nothing_else(
    tmp_path: Path,
) -> None:
    recording_files = FakeRecordingFiles()
    reference = recording_files.put(300)
    async with ready_client(recordings=recording_files.read, state_dir=tmp_path) as client:
        pid = client.pid
        await hear_voice(client, reference)
        assert (await health_of(client)).voices_held == 1
        assert packets_in(await hear(client, "{oom 1}hello"))
        assert (await health_of(client)).voices_held == 0
        assert same_pitch(await hear_voice(client, reference, "{oom 1}xxxxxx"), 300)
        assert client.pid == pid
    assert recording_files.asked == [reference]  # the second time it came from disk


async def test_a_voice_that_was_dropped_and_is_on_no_disk_is_sent_again() -> None:
    recording_files = FakeRecordingFiles()
    reference = recording_files.put(300)
    async with ready_client(recordings=recording_files.read) as client:
        for text in ("xxxxxx", "{oom 1}xxxxxx"):
            assert same_pitch(await hear_voice(client, reference, text), 300)
    assert recording_files.asked == [reference, reference]


@pytest.mark.parametrize("text", ["{oom}hello", "hello{oom}", "hello{oom 1}"])
async def test_out_of_memory_again_or_in_the_middle_of_the_sound_the_host_is_replaced(
    text: str,
) -> None:
    async with ready_client() as client:
        pid = client.pid
        with pytest.raises(HostDied, match="out of memory"):
            await hear(client, text)
        assert client.state is not EngineState.READY
        # No other request comes: it is replaced anyway.
        await within_patience(client.info())
        assert client.pid != pid
        assert packets_in(await hear(client, "hello"))


async def test_others_in_work_are_told_that_the_host_is_gone() -> None:
    async with ready_client() as client:
        async with aclosing(client.synthesize(request("hello {slow 60}"), deadline_in=0)) as pieces:
            await within_patience(anext(pieces))
            with pytest.raises(HostDied):
                await hear(client, "{oom}")
            with pytest.raises(HostDied):
                await within_patience(rest(pieces))
        await within_patience(client.info())
        assert packets_in(await hear(client, "hello"))


async def test_a_host_elsewhere_says_that_it_is_unusable_and_takes_no_more() -> None:
    async with ready_process() as (process, http):
        client = EngineSupervisor(SystemClock(), url=f"unix://{process.socket}")
        await client.start()
        await within_patience(client.info())
        with pytest.raises(HostDied, match="out of memory"):
            await hear(client, "{oom}")
        health = await health_when(http, lambda health: health.state == "failed")
        assert "out of memory" in str(health.error)
        with pytest.raises(EngineUnavailable):
            await rest(http.synthesize(SynthesizeCommand(id="1", request=request("hello"))))
        await until(lambda: client.state is EngineState.DOWN)
        await client.close()


async def test_a_host_without_a_supervisor_ends_so_that_another_can_take_its_place(
    tmp_path: Path,
) -> None:
    socket = tmp_path / "host.sock"
    client = EngineSupervisor(SystemClock(), url=f"unix://{socket}")
    await client.start()
    async with tone_host_at(socket) as process:
        await within_patience(client.info())
        with pytest.raises(HostDied, match="out of memory"):
            await hear(client, "{oom}")
        assert await within_patience(process.wait()) == 1
    async with tone_host_at(socket):
        await within_patience(client.info())
        assert packets_in(await hear(client, "hello"))
        await client.close()


class Tampered(EngineSupervisor):
    """Commands to the tone engine are in braces, which no text of a member keeps."""

    def synthesize(
        self, request: SynthesisRequest, *, deadline_in: float
    ) -> AsyncGenerator[OggPiece, None]:
        text = request.text.replace("oom", "{oom}").replace("once", "{oom 1}")
        return super().synthesize(replace(request, text=text), deadline_in=deadline_in)


async def test_a_chunk_that_always_runs_out_is_skipped_and_the_others_are_spoken(
    tmp_path: Path,
) -> None:
    text = (
        "alpha beta delta epsilon iota, oom kapa lambda mu nu omicron pi rho sigma tau upsilon "
        "phi golf india oscar romeo tango, chi psi omega"
    )
    engine = Tampered(SystemClock(), options=host_options())
    async with speech_on(engine, tmp_path) as speech:
        heard = await spoken(speech, text)
        assert " ".join(heard).replace(",", "") == "alpha beta delta epsilon iota chi psi omega"
        assert await spoken(speech, "hotel") == ["hotel"]


async def test_a_chunk_that_runs_out_once_is_spoken(tmp_path: Path) -> None:
    engine = Tampered(SystemClock(), options=host_options())
    async with speech_on(engine, tmp_path) as speech:
        assert await spoken(speech, "once upon a time") == ["once upon a time"]
