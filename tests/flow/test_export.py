"""A member exports everything that is kept about them, in parts that can be sent."""

import io
import json
import zipfile
from typing import Any

import pytest

from engine.model.voices import Action, Scope
from tests.flow.harness import Listener
from tests.flow.voices import ADA, ADMIN, BOB, Voices

MOST_BYTES = 10 * 2**20


def unpacked(parts: list[tuple[str, bytes]]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for _, contents in parts:
        with zipfile.ZipFile(io.BytesIO(contents)) as archive:
            for name in archive.namelist():
                assert name not in files
                files[name] = archive.read(name)
    return files


async def test_everything_is_in_it(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, "My voice!", Scope.SERVER)
    other = await voices.upload(BOB, "Bob")
    await registry.owners.share(BOB, other.key, Scope.MEMBERS, add="ada")
    await registry.selection.choose(ADA, voice.key, everywhere=True)
    await voices.say(ADA, voice, "Hello, wörld.", note={"message_id": 5, "token": "secret"})
    await voices.harness.say("Bob's.", lane="here", requester="bob")
    await Listener(voices.speech.player("here")).hear(1)
    parts = await registry.erasure.export("ada", MOST_BYTES)
    assert [name for name, _ in parts] == ["mynah-data-1.zip"]
    files = unpacked(parts)
    assert files.keys() == {"mynah-data.json", "My voice-.wav"}
    assert files["My voice-.wav"] == voices.analyzed("ada My voice!").wav.read_bytes()
    data: dict[str, Any] = json.loads(files["mynah-data.json"])
    assert data["member"] == "ada"
    (text,) = data["texts"]
    assert (text["text"], text["voice"], text["state"]) == (
        "Hello, wörld.",
        voice.key,
        "completed",
    )
    assert text["asked_at"].startswith("2027-01-15T")
    assert text["origin"] == {"message_id": 5}  # the token opens a door of Discord's
    (described,) = data["voices"]
    assert described["name"] == "My voice!"
    assert described["recording"] == "My voice-.wav"
    assert described["analysis"]["speech"] == 7
    assert data["consents"][0]["words"] == "It is my voice."
    assert data["choices"] == [{"server": "everywhere", "voice": voice.key}]
    assert data["on_the_lists_of"] == [other.key]
    assert [entry["action"] for entry in data["audit_log"]] == ["export", "upload"]
    assert "Bob's." not in files["mynah-data.json"].decode()
    assert data["frozen"] == data["messages_to_be_redacted"] == []


async def test_what_outlives_a_voice_is_in_it_too(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    await voices.say(ADA, voice, note={"message_id": 5, "token": "secret"})
    await registry.moderation.freeze(ADMIN, voice.key)
    await registry.owners.delete(ADA, voice.key)
    data = json.loads(unpacked(await registry.erasure.export("ada", MOST_BYTES))["mynah-data.json"])
    assert data["frozen"] == [{"server": "here", "recording": voice.reference}]
    await registry.erasure.erase("ada")
    data = json.loads(unpacked(await registry.erasure.export("ada", MOST_BYTES))["mynah-data.json"])
    assert data["frozen"] == []
    assert data["messages_to_be_redacted"] == [{"message_id": 5}]


async def test_no_part_is_larger_than_what_can_be_sent(voices: Voices) -> None:
    registry = await voices.open(mynah_max_queue_member=100)
    for number in range(5):
        await voices.upload(ADA, f"Voice {number}", sound=f"{number} " * 2000)
    texts = [f"{number} " + "other words " * 40 for number in range(30)]
    for text in texts:
        await voices.harness.say(text, lane="here", requester="ada")
    most = 250_000
    assert sum(len(part) for _, part in await registry.erasure.export("ada", MOST_BYTES)) > 0
    parts = await registry.erasure.export("ada", most)
    assert all(len(contents) <= most for _, contents in parts)
    assert [name for name, _ in parts] == [
        f"mynah-data-{number}.zip" for number in range(1, len(parts) + 1)
    ]
    assert len(parts) > 1
    files = unpacked(parts)
    assert sum(name.endswith(".wav") for name in files) == 5
    assert [each["text"] for each in json.loads(files["mynah-data.json"])["texts"]] == texts


async def test_texts_that_are_too_many_for_a_part_go_on_in_another(voices: Voices) -> None:
    registry = await voices.open(mynah_max_queue_member=100, mynah_max_queue=100)
    texts = [f"{number} " + "other words " * 100 for number in range(60)]
    for text in texts:
        await voices.harness.say(text, lane="here", requester="ada")
    most = 20_000
    parts = await registry.erasure.export("ada", most)
    assert all(len(contents) <= most for _, contents in parts)
    files = unpacked(parts)
    found = [json.loads(contents)["texts"] for contents in files.values()]
    assert [each["text"] for some in found for each in some] == texts


async def test_voices_with_names_of_one_spelling_keep_their_own_files(voices: Voices) -> None:
    registry = await voices.open()
    await voices.upload(ADA, "a?")
    await voices.upload(ADA, "a!")
    await voices.upload(ADA, "twin", sound="ada a?")
    files = unpacked(await registry.erasure.export("ada", MOST_BYTES))
    assert files.keys() == {"mynah-data.json", "a-.wav", "2 a-.wav"}


async def test_recording_that_fits_no_part_is_an_error(voices: Voices) -> None:
    registry = await voices.open()
    await voices.upload(ADA, sound="long " * 1000)
    with pytest.raises(ValueError, match="does not fit"):
        await registry.erasure.export("ada", 50_000)


async def test_nothing_kept_is_said_so(voices: Voices) -> None:
    registry = await voices.open()
    data = json.loads(
        unpacked(await registry.erasure.export("nobody", MOST_BYTES))["mynah-data.json"]
    )
    assert data["texts"] == data["voices"] == []
    audit_log = await registry.moderation.audit(None, actor="nobody")
    assert [entry.action for entry in audit_log] == [Action.EXPORT]
