"""The model in its engine server, a process of its own: what a client hears, and what the terminal
shows."""

import asyncio
import hashlib
import io
import sys
import wave
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from engine.base.clock import SystemClock
from engine.model.engine import SynthesisRequest
from engine.model.errors import SynthesisFailed
from engine.tts.audio.pcm import Pcm
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.engines.chatterbox.models import RATE
from engine.tts.engines.chatterbox.vocoder import bears_mark
from tests.chatterbox import host
from tests.chatterbox.host import SmallHostOptions
from tests.chatterbox.speech import SENTENCE, Speaker, recording
from tests.unit.test_audio_opus import decoded

#: Seconds after which a wait fails. They measure nothing.
PATIENCE = 120.0


def wav(sound: Pcm) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound.samples * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


RECORDINGS = {
    hashlib.sha256(each).hexdigest(): each
    for each in (wav(recording(110)), wav(recording(230)), wav(recording(110, seconds=4)))
}
LOW, HIGH, SHORT = RECORDINGS


async def heard(client: EngineSupervisor, reference: str, *, seed: int = 1) -> np.ndarray:
    request = SynthesisRequest(text=SENTENCE, voice="@12", reference=reference, seed=seed)
    packets: list[bytes] = []
    async with aclosing(client.synthesize(request, deadline_in=0)) as pieces:
        async for piece in pieces:
            packets += piece.packets
    return decoded(packets)[:, 0].astype(np.float32)


async def test_members_hear_their_own_voices_marked(
    checkpoints: Callable[[str], Path], turbo: Speaker, tmp_path: Path
) -> None:
    """The server fetches each recording once, keeps what it computed, and reports a recording that
    is too short."""
    asked: list[str] = []

    def read(reference: str) -> bytes:
        asked.append(reference)
        return RECORDINGS[reference]

    options = SmallHostOptions(
        engine="chatterbox-turbo",
        checkpoint=checkpoints("turbo"),
        device="cpu",
        state_dir=tmp_path,
        log_level="error",
    )
    client = EngineSupervisor(SystemClock(), options=options, recordings=read)
    await client.start()
    try:
        async with asyncio.timeout(PATIENCE):
            info = await client.info()
            assert (info.name, info.clones, info.default_voice) == ("chatterbox-turbo", True, "")
            both = await asyncio.gather(heard(client, LOW), heard(client, HIGH))
            again = [await heard(client, LOW), await heard(client, HIGH)]
            for sound, alone in zip(both, again, strict=True):
                np.testing.assert_array_equal(sound, alone)
                assert bears_mark(turbo.upstream.watermarker, Pcm(sound, 48_000))
            assert both[0].shape != both[1].shape or not np.array_equal(*both)
            assert sorted(asked) == sorted((LOW, HIGH))
            with pytest.raises(SynthesisFailed) as failed:
                await heard(client, SHORT)
            assert (failed.value.code, failed.value.fields["above"]) == ("voice-too-short", 5.0)
    finally:
        await client.close()


async def test_nothing_is_printed(checkpoints: Callable[[str], Path], tmp_path: Path) -> None:
    """No word and no progress bar, from start to end, on either stream."""
    socket = tmp_path / "host.sock"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, host.__file__, "--engine=chatterbox-multilingual", "--device=cpu"),
        *(f"--checkpoint={checkpoints('multilingual')}", f"--socket={socket}"),
        "--log-level=warning",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    client = EngineSupervisor(SystemClock(), url=f"unix://{socket}", recordings=RECORDINGS.get)
    await client.start()
    try:
        async with asyncio.timeout(PATIENCE):
            await client.info()
            assert len(await heard(client, SHORT))
            assert len(await heard(client, LOW))
    finally:
        await client.close()
        process.terminate()
        out, err = await process.communicate()
    assert (out, err) == (b"", b"")
