"""Voices that members have already, for tests of something other than uploads.

Knows: how the voice registry stores a recording. Does not know: uploads, Discord.
"""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from engine.model.voices import Requester, Scope, Voice
from engine.voices.recording_analyzer import Analyzed
from sandbox import Member
from tests.discord.running import Running
from tests.process.voices import recording_of, reference_of
from tests.values import REPORT

SECONDS: Final = 6.0
CONSENT: Final = "I agree that this is kept."

#: `await give("Morning", owner=…, scope=…, hertz=…)`: a voice; Ada's if no owner is named.
Give = Callable[..., Coroutine[Any, Any, Voice]]


def recording(hertz: int) -> bytes:
    """A tone, in the form in which recordings are stored."""
    return recording_of(hertz, seconds=SECONDS)


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
    reference = reference_of(data)
    wav = folder / f"{reference}.wav"
    wav.write_bytes(data)
    return await bot.registry.owners.register(
        requester=requester(owner),
        name=name,
        scope=scope,
        analyzed=Analyzed(wav=wav, reference=reference, analysis=REPORT, advice=()),
        consent=CONSENT,
    )


def requester(member: Member) -> Requester:
    return Requester(member=str(member.id), place=str(member.guild.id))
