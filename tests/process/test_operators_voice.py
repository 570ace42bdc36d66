"""What the operator does with recordings while the bot runs, as processes: a file comes, its voice
is spoken, blocked and released, and the file goes again."""

import asyncio

import numpy as np

from sandbox import Message
from tests.process.process import PATIENCE
from tests.process.recorded import speech, wav
from tests.process.stage import Stage, shows

LONG = "alpha beta delta epsilon iota, kapa lambda mu nu omicron pi rho sigma tau upsilon. " * 20


async def offered(stage: Stage, *names: str) -> str:
    """Wait until `/voice use` offers these of the operator's voices: the id of the first."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await stage.alice.complete("voice use", "voice", "public")
            if [each["name"] for each in found] == [f"{name} · public" for name in names]:
                return str(found[0]["value"]) if found else ""


async def say(stage: Stage, text: str, voice: str) -> Message:
    interaction = await stage.alice.command("say", {"text": text, "voice": voice})
    await interaction.answered(PATIENCE)
    return await interaction.original(PATIENCE)


async def voices(stage: Stage, *arguments: str) -> str:
    """What `mynah voices` prints."""
    process = await stage.run("-m", "mynah", "voices", *arguments)
    code, printed = await process.report()
    assert code == 0, printed
    return printed


async def test_voice_comes_is_barred_let_go_and_goes_while_the_bot_runs(stage: Stage) -> None:
    await stage.start()
    folder = stage.data / "given"
    folder.mkdir()
    (folder / "anna.wav").write_bytes(wav(speech()))
    anna = await offered(stage, "anna")
    spoken, waits = await say(stage, LONG, anna), await say(stage, "Hello.", "anna")
    other = await stage.say("alpha", stage.bob)
    assert "in the voice anna" in spoken.content
    await shows(spoken, "▱")  # it is being spoken
    listed = (await voices(stage, "check")).splitlines()[1].split()
    assert listed[1] == "anna"

    assert "1 voice has it" in await voices(stage, "freeze", listed[0])
    for message in (spoken, waits):
        await shows(message, "its voice was deleted, frozen, or is no longer shared")
        await shows(message, "in a private voice")
    await shows(other, "Spoken in")  # minutes before the first would have been over
    refused = await say(stage, "Hello.", "anna")
    assert "There is no such voice" in refused.content
    await offered(stage)

    # Nor does it come back as a copy with one sample changed, which is another file.
    touched = np.array(speech())
    touched[5000] += 0.01
    (folder / "anna2.wav").write_bytes(wav(touched))
    (folder / "ben.wav").write_bytes(wav(speech(voice="gmw/de")))
    await offered(stage, "ben")

    await voices(stage, "release", listed[0])
    assert await offered(stage, "anna", "anna2", "ben") == anna
    (folder / "anna2.wav").unlink()
    await offered(stage, "anna", "ben")
    (folder / "anna.wav").unlink()
    await offered(stage, "ben")
