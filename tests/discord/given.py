"""Voices that members have already, for tests that are not about how they come to be.

Knows: how the library keeps a recording. Does not know: uploads, Discord.
"""

import hashlib
import io
import math
import struct
import wave
from pathlib import Path
from typing import Final

from engine.voices.recordings import Examined
from engine.voices.voice import Asker, Report, Scope, Voice
from sandbox.members import Member
from tests.discord.running import Running

RATE: Final = 24_000
SECONDS: Final = 6.0
CONSENT: Final = "I agree that this is kept."


def recording(hertz: int) -> bytes:
    """A WAV as recordings are kept: mono, 24 kHz, 16 bit; a tone."""
    count = int(RATE * SECONDS)
    samples = (int(9000 * math.sin(2 * math.pi * hertz * index / RATE)) for index in range(count))
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{count}h", *samples))
    return written.getvalue()


async def give_voice(
    bot: Running,
    owner: Member,
    name: str,
    *,
    folder: Path,
    scope: Scope = Scope.SERVER,
    hertz: int = 200,
) -> Voice:
    """A voice of `owner`, on their server."""
    data = recording(hertz)
    reference = hashlib.sha256(data).hexdigest()
    wav = folder / f"{reference}.wav"
    wav.write_bytes(data)
    report = Report(
        seconds=SECONDS,
        speech=SECONDS,
        noise=-70.0,
        snr=50.0,
        loudness=-20.0,
        clipping=0.0,
        source="wav, 24000 Hz, mono, 6.0 s",
    )
    return await bot.library.register(
        asker=asker(owner),
        name=name,
        scope=scope,
        examined=Examined(wav=wav, reference=reference, report=report, advice=()),
        consent=CONSENT,
    )


def asker(member: Member) -> Asker:
    return Asker(member=str(member.id), lane=str(member.guild.id))
