"""Reference voices in a real engine server: embedded once, heard as themselves, kept, forgotten."""

import asyncio
import base64
import os
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from engine.base.clock import SystemClock
from engine.model.errors import EngineUnavailable, SynthesisFailed
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.server.voice_cache import MOST_HELD
from tests.process.hosts import (
    health_of,
    host_options,
    is_there,
    packets_in,
    ready_client,
    ready_process,
    rest,
    within_patience,
)
from tests.process.test_host import ask
from tests.process.voices import (
    FakeRecordingFiles,
    hear_voice,
    in_voice,
    recording_of,
    reference_of,
    same_pitch,
)


def files_in(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


async def test_a_voice_that_the_host_lacks_is_sent_once_and_heard_as_itself() -> None:
    recording_files = FakeRecordingFiles()
    low, high = recording_files.put(300), recording_files.put(500)
    async with ready_client(recordings=recording_files.read) as client:
        for _ in range(2):
            assert same_pitch(await hear_voice(client, low), 300)
            assert same_pitch(await hear_voice(client, high), 500)
    assert recording_files.asked == [low, high]


async def test_two_requests_at_once_are_each_heard_in_their_own_voice() -> None:
    recording_files = FakeRecordingFiles()
    frequencies = [250 * 2 ** (step / 6) for step in range(8)]
    references = [recording_files.put(frequency) for frequency in frequencies]
    async with ready_client(recordings=recording_files.read, slots=4) as client:
        for _ in range(3):
            heard = await asyncio.gather(*(hear_voice(client, each) for each in references))
            for pitch, frequency in zip(heard, frequencies, strict=True):
                assert same_pitch(pitch, frequency)


async def test_ten_requests_for_a_new_voice_embed_it_once() -> None:
    recording_files = FakeRecordingFiles()
    reference = recording_files.put(300)
    async with ready_client(recordings=recording_files.read, slots=10) as client:
        heard = await asyncio.gather(*(hear_voice(client, reference) for _ in range(10)))
        health = await health_of(client)
    assert all(same_pitch(pitch, 300) for pitch in heard)
    assert (health.voices_made, health.voices_held) == (1, 1)


async def test_memory_holds_the_latest_voices_and_the_disk_all(tmp_path: Path) -> None:
    recording_files = FakeRecordingFiles()
    references = [recording_files.put(100 + 5 * count) for count in range(MOST_HELD + 10)]
    async with ready_client(recordings=recording_files.read, state_dir=tmp_path) as client:
        for reference in references:
            await hear_voice(client, reference)
        health = await health_of(client)
        assert (health.voices_made, health.voices_held) == (len(references), MOST_HELD)
        assert len(files_in(tmp_path)) == len(references)
        recording_files.asked.clear()
        assert same_pitch(await hear_voice(client, references[0]), 100)
        assert (await health_of(client)).voices_made == len(references)
    assert recording_files.asked == []


async def test_without_a_disk_a_voice_that_fell_out_of_memory_is_sent_again() -> None:
    recording_files = FakeRecordingFiles()
    references = [recording_files.put(100 + 5 * count) for count in range(MOST_HELD + 1)]
    async with ready_client(recordings=recording_files.read) as client:
        for reference in (*references, references[0]):
            await hear_voice(client, reference)
        assert (await health_of(client)).voices_held == MOST_HELD
    assert recording_files.asked == [*references, references[0]]


async def test_the_next_host_has_the_voice_from_disk(tmp_path: Path) -> None:
    recording_files = FakeRecordingFiles()
    reference = recording_files.put(300)
    async with ready_client(recordings=recording_files.read, state_dir=tmp_path) as client:
        await hear_voice(client, reference)
    (kept,) = files_in(tmp_path)
    assert kept == f"tone-1/{reference}"
    assert os.stat(tmp_path / kept).st_mode & 0o777 == 0o600
    assert os.stat(tmp_path / "tone-1").st_mode & 0o777 == 0o700
    async with ready_client(state_dir=tmp_path) as client:
        assert same_pitch(await hear_voice(client, reference), 300)
        assert (await health_of(client)).voices_made == 0


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"lowest": "high"}', b'{"lowest": NaN}', b"\x80\x04pickle", b"9"]
)
async def test_a_damaged_embedding_is_dropped_and_computed_again(
    tmp_path: Path, damage: bytes
) -> None:
    recording_files = FakeRecordingFiles()
    reference = recording_files.put(300)
    file = tmp_path / "tone-1" / reference
    write(file, damage)
    async with ready_client(recordings=recording_files.read, state_dir=tmp_path) as client:
        assert same_pitch(await hear_voice(client, reference), 300)
    assert recording_files.asked == [reference]
    async with ready_client(state_dir=tmp_path) as client:
        assert same_pitch(await hear_voice(client, reference), 300)


async def test_what_a_killed_host_left_half_written_is_swept_away(tmp_path: Path) -> None:
    write(tmp_path / "tone-1" / ("0" * 64 + ".part"), b"half")
    async with ready_client(state_dir=tmp_path):
        assert files_in(tmp_path) == []


async def test_a_forgotten_voice_is_gone_from_memory_and_every_engines_disk(tmp_path: Path) -> None:
    recording_files = FakeRecordingFiles()
    gone, stays = recording_files.put(300), recording_files.put(500)
    write(tmp_path / "another-2" / gone, b"of another engine")
    write(tmp_path / "another-2" / f"{gone}.part", b"of another engine, half")
    async with ready_client(recordings=recording_files.read, state_dir=tmp_path) as client:
        for reference in (gone, stays):
            await hear_voice(client, reference)
        await client.forget(gone)
        assert files_in(tmp_path) == [f"tone-1/{stays}"]
        assert (await health_of(client)).voices_held == 1
        await client.forget(gone)  # it may be asked again
        recording_files.asked.clear()
        assert same_pitch(await hear_voice(client, gone), 300)
        assert same_pitch(await hear_voice(client, stays), 500)
    assert recording_files.asked == [gone]


async def test_forgetting_a_voice_stops_nobody_who_speaks_in_it(tmp_path: Path) -> None:
    recording_files = FakeRecordingFiles()
    reference = recording_files.put(300)
    async with ready_client(recordings=recording_files.read, state_dir=tmp_path) as client:
        request = in_voice(reference, "hello {slow 0.3} again")
        async with aclosing(client.synthesize(request, deadline_in=0)) as pieces:
            first = await within_patience(anext(pieces))
            await client.forget(reference)
            assert packets_in(first.data + await within_patience(rest(pieces)))
        assert files_in(tmp_path) == []


async def test_without_a_host_nothing_is_forgotten_and_it_says_so() -> None:
    client = EngineSupervisor(SystemClock(), options=host_options())
    with pytest.raises(EngineUnavailable):
        await client.forget("0" * 64)
    async with ready_process() as (process, _):
        elsewhere = EngineSupervisor(SystemClock(), url=f"unix://{process.socket}")
        await elsewhere.start()
        await within_patience(elsewhere.info())
        process.kill()
        await process.wait()
        with pytest.raises(EngineUnavailable):
            await elsewhere.forget("0" * 64)
        await elsewhere.close()


async def test_a_voice_whose_recording_is_gone_or_damaged_is_refused_with_what_to_do() -> None:
    recording_files = FakeRecordingFiles()
    damaged = recording_files.put(300)
    recording_files.recordings[damaged] += b"damage"
    async with ready_client(recordings=recording_files.read) as client:
        for reference in ("0" * 64, damaged):
            with pytest.raises(SynthesisFailed) as refusal:
                await hear_voice(client, reference)
            assert refusal.value.code == "recording-gone"


async def test_a_recording_that_cannot_be_a_voice_is_refused_each_time_and_the_host_lives(
    tmp_path: Path,
) -> None:
    recording_files = FakeRecordingFiles()
    reference = recording_files.put(0)
    async with ready_client(recordings=recording_files.read, state_dir=tmp_path) as client:
        for _ in range(2):
            with pytest.raises(SynthesisFailed, match="silence"):
                await hear_voice(client, reference)
        assert files_in(tmp_path) == []
        assert same_pitch(await hear_voice(client, recording_files.put(300)), 300)


async def test_an_engine_that_cannot_clone_says_so() -> None:
    async with ready_client("espeak") as client:
        with pytest.raises(SynthesisFailed) as refusal:
            await hear_voice(client, "0" * 64)
    assert refusal.value.code == "cannot-clone"


def body(recording: bytes | None, **other: Any) -> dict[str, Any]:
    sent = {} if recording is None else {"recording": base64.b64encode(recording).decode()}
    return {"text": "hello", "voice": "@12", **sent, **other}


async def test_the_host_takes_only_the_recording_that_is_named_and_only_as_it_is_kept() -> None:
    tone, silent = recording_of(300), b"RIFF, but no sound"
    other_rate = recording_of(300, rate=48_000)
    zeros = "0" * 64
    asked: list[tuple[dict[str, Any], int, bytes]] = [
        (body(None, reference=zeros), 409, b"voice_missing"),
        (body(tone, reference=zeros), 400, b"not the one"),
        (body(tone), 400, b"has no reference"),
        (body(silent, reference=reference_of(silent)), 400, b"not a WAV file"),
        (body(other_rate, reference=reference_of(other_rate)), 400, b"48000 Hz"),
        (body(None, reference="../../etc/passwd"), 400, b"SHA-256"),
        (body(tone, reference=reference_of(tone)), 200, b"OggS"),
    ]
    async with ready_process() as (process, http):
        for sent, status, words in asked:
            answered, _, content = await ask(process, "POST", "/synthesize", json=sent)
            assert (answered, words in content) == (status, True)
        for path, status in (("abc", 400), ("..%2f..%2fetc", 404), (zeros, 204)):
            assert (await ask(process, "DELETE", f"/voices/{path}"))[0] == status
        assert (await ask(process, "GET", f"/voices/{zeros}"))[0] == 405
        assert not (await http.health(within=5)).busy


async def test_a_host_that_only_looks_makes_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "conditionals"
    async with ready_client(state_dir=folder) as client:
        await client.forget("0" * 64)
        assert not is_there(folder)
