"""The bot ends, by a kill or a signal, and starts again: nothing that was promised is lost."""

import signal

from engine.text import normalize, split
from tests.process.process import gone
from tests.process.stage import Stage, shows

#: Two chunks, of words that are each heard once.
STORY = "alpha beta delta epsilon iota, kapa lambda mu nu omicron pi rho sigma tau upsilon"
SENTENCE = "alpha beta delta epsilon iota"


def chunks(text: str) -> list[list[str]]:
    """The words of each chunk in which the engine is given a text."""
    pieces = split(normalize(text), least=1, most=100)
    return [piece.text.replace(",", " ").split() for piece in pieces]


async def test_killed_twice_it_goes_on_where_it_was_and_keeps_the_order_and_the_messages(
    stage: Stage,
) -> None:
    first, second = chunks(STORY)
    third = "charlie delta echo foxtrot golf hotel"  # long: it still plays when the kill comes
    bot = await stage.start()
    messages = [await stage.say(text) for text in (STORY, third, "bravo")]

    await stage.heard.until(" ".join(second[:2]))
    await bot.kill()
    heard = (await stage.heard.forget()).split()
    assert heard[: len(first) + 2] == first + second[:2]

    bot = await stage.start()
    await stage.heard.until("cha")
    await bot.kill()
    told, of_third = (await stage.heard.forget()).split(" cha", 1)
    assert told.split() in (second, first + second)  # the one that was playing, or its predecessor
    assert third.startswith(f"cha{of_third}")

    await stage.start()
    for message in messages:
        await shows(message, "Spoken in")
    assert stage.heard.text.split() in (
        [*third.split(), "bravo"],
        [*second, *third.split(), "bravo"],
    )
    assert stage.messages == messages


async def test_after_a_kill_it_stays_out_of_an_empty_channel_until_somebody_comes_back(
    stage: Stage,
) -> None:
    bot = await stage.start()
    message = await stage.say(SENTENCE)
    await stage.heard.until("alpha")
    await bot.kill()
    await stage.alice.leave()
    await stage.bob.leave()
    sessions = len(stage.discord.voice.history)

    await stage.start()
    await shows(message, "Nobody is listening")
    assert len(stage.discord.voice.history) == sessions
    await stage.bob.join(stage.lounge)
    stage.heard_by(stage.bob)
    await shows(message, "Spoken in")

    assert stage.heard.text == SENTENCE


async def test_a_killed_bot_leaves_no_host_and_no_socket_behind(stage: Stage) -> None:
    bot = await stage.start()
    await shows(await stage.say("alpha"), "Spoken in")
    below = bot.below()
    assert bot.hosts
    await bot.kill()

    assert await gone(below)
    assert list(stage.temporary.iterdir()) == []


async def test_asked_to_end_while_it_speaks_it_says_so_leaves_and_goes_on_afterwards(
    stage: Stage,
) -> None:
    bot = await stage.start()
    message = await stage.say(SENTENCE)
    await stage.heard.until("alpha beta")
    below = bot.below()

    assert await bot.end(signal.SIGTERM) == 0
    assert "I am restarting. I go on when I am back." in message.content
    assert stage.guild.bot.voice.channel is None
    assert not stage.discord.voice.connections
    assert await gone(below, timeout=0)
    assert list(stage.temporary.iterdir()) == []
    await stage.heard.forget()

    await stage.start()
    await shows(message, "Spoken in")
    assert stage.heard.text == SENTENCE
    assert stage.messages == [message]


async def test_ctrl_c_ends_it_as_well(stage: Stage) -> None:
    bot = await stage.start()
    message = await stage.say(SENTENCE)
    await stage.heard.until("alpha")
    below = bot.below()

    assert await bot.end(signal.SIGINT) == 0
    assert "I am restarting" in message.content
    assert stage.guild.bot.voice.channel is None
    assert await gone(below, timeout=0)


async def test_asked_to_end_while_nothing_answers_any_more_it_ends_in_time(stage: Stage) -> None:
    bot = await stage.start(MYNAH_ESPEAK_PACE="1.0")
    await stage.say(STORY)
    await stage.heard.until("a")  # at this pace a busy machine puts gaps into words
    below = bot.below()
    for host in bot.hosts:
        host.suspend()
    stage.discord.gateway.freeze()
    stage.discord.voice.freeze(stage.guild.id)
    stage.discord.rest.slow("*", "", 60.0, times=100)

    assert await bot.end(signal.SIGTERM) == 0
    assert await gone(below, timeout=0)


async def test_asked_to_end_while_discord_is_away_it_ends_in_time(stage: Stage) -> None:
    bot = await stage.start()
    message = await stage.say(SENTENCE)
    await stage.heard.until("alpha")
    await stage.discord.away()

    assert await bot.end(signal.SIGTERM) == 0
    await stage.discord.back()
    await stage.heard.forget()
    await stage.start()
    await shows(message, "Spoken in")

    assert stage.heard.text == SENTENCE
