"""The engine server is killed, hangs, or dies of a text, under a bot that speaks."""

import itertools
import signal

import pytest

from sandbox import Guild
from tests.process.hearing import Hearing
from tests.process.stage import Stage, shows

TEXT = "alpha beta delta epsilon"
OTHER = "golf hotel india lima"
#: Seconds that the engine works for a second of sound: it works while listeners hear them.
PACE = "1.0"


def letters(text: str) -> str:
    """The text without pauses inside letters: while the engine is away there is silence, wherever
    the sound had stopped."""
    joined = text.replace(" ", "").replace(",", "")
    return "".join(letter for letter, _ in itertools.groupby(joined))


async def other_guild(stage: Stage) -> tuple[Guild, Hearing]:
    """Another server, with one member in a voice channel, and what they hear."""
    guild = stage.discord.guild("Elsewhere")
    carol = guild.member("Carol")
    await carol.join(guild.voice("Cellar"))
    return guild, Hearing(carol.recording)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGSTOP, id="hanging"),
    ],
)
async def test_a_lost_host_is_replaced_and_every_server_hears_all_of_its_text_once(
    stage: Stage, number: signal.Signals
) -> None:
    guild, heard_elsewhere = await other_guild(stage)
    (carol,) = [each for each in guild.members.values() if each.name == "Carol"]
    bot = await stage.start(MYNAH_ESPEAK_PACE=PACE)
    message = await stage.say(TEXT)
    elsewhere = await stage.say(OTHER, carol)
    await stage.heard.until("a")  # at this pace a busy machine puts gaps into words
    (host,) = bot.hosts
    host.send_signal(number)

    await shows(message, "Spoken in")
    await shows(elsewhere, "Spoken in")
    assert letters(stage.heard.text) == letters(TEXT)
    assert letters(heard_elsewhere.text) == letters(OTHER)
    assert [each.pid for each in bot.hosts] != [host.pid]


async def test_a_chunk_that_kills_the_host_is_skipped_and_the_message_says_so(
    stage: Stage,
) -> None:
    text = (
        "alpha beta delta epsilon iota, crash kapa lambda mu nu omicron pi rho sigma tau upsilon "
        "phi golf india oscar romeo tango, chi psi omega"
    )
    await stage.start(faults=True)
    message = await stage.say(text)
    after = await stage.say("hotel")

    await shows(message, "1 part could not be spoken")
    await shows(after, "Spoken in")
    assert letters(stage.heard.text) == letters("alpha beta delta epsilon iota chi psi omega hotel")


async def test_a_text_that_only_kills_the_host_fails_and_the_next_is_spoken(stage: Stage) -> None:
    await stage.start(faults=True)
    message = await stage.say("crash")
    after = await stage.say("hotel")

    await shows(message, "Failed: The engine broke down over this text")
    await shows(after, "Spoken in")
    assert stage.heard.text == "hotel"
