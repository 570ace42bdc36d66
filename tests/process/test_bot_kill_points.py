"""The bot is killed at every point where the disk, Discord and what was heard can differ; at the
next start, it makes them agree."""

import pytest

from tests.process.process import PATIENCE
from tests.process.stage import Death, Stage, shows

SPEECH = "engine.queue.frontend:FrontEndQueue"
SPOKEN = "engine.queue.playback:PlaybackQueue.spoken"
ANSWER = "bot.discord_io.rest:InteractionApi.answer"
WRITE_AUDIO = "engine.queue.audio_cache:AudioCache.write"

NOWHERE = "http://127.0.0.1:9"  # the port of "discard": no program answers there
#: About 7 s: on a busy machine a command after the first word arrived when 1.8 s of text were over.
LONG = " ".join(["alpha beta delta epsilon iota"] * 4)


async def test_killed_before_the_commit_nothing_was_promised_and_nothing_is_heard(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("before", f"{SPEECH}.submit"))
    lost = await stage.alice.command("say", {"text": "alpha"})
    await bot.ended()

    await stage.start()
    message = await stage.say("beta")
    await shows(message, "Spoken in")

    assert stage.heard.text == "beta"
    assert stage.messages == [message]
    assert lost.message is None


async def test_killed_before_the_answer_a_job_is_answered_and_spoken_if_there_is_time_left(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("before", ANSWER))
    # The three seconds end a minute later, for Discord and for the bot, whose start takes some
    # time.
    stage.discord.clock.advance(60.0)
    interaction = await stage.alice.command("say", {"text": "alpha"})
    stage.discord.clock.advance(-60.0)
    await bot.ended()

    await stage.start()
    message = await interaction.original(PATIENCE)
    await shows(message, "Spoken in")

    assert stage.heard.text == "alpha"
    assert stage.messages == [message]


async def test_killed_before_the_answer_a_job_is_withdrawn_and_not_heard_if_it_is_too_late(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("before", ANSWER))
    stage.discord.clock.advance(-60.0)
    interaction = await stage.alice.command("say", {"text": "alpha"})
    await bot.ended()
    stage.discord.clock.advance(60.0)

    await stage.start()
    message = await stage.say("beta")
    await shows(message, "Spoken in")

    assert interaction.refused
    assert stage.heard.text == "beta"
    assert stage.messages == [message]


@pytest.mark.parametrize(
    "death",
    [
        pytest.param(Death("after", ANSWER), id="before-the-message-is-noted"),
        pytest.param(Death("after", f"{SPEECH}.note"), id="once-the-message-is-noted"),
        pytest.param(Death("after", f"{SPEECH}.confirm"), id="once-it-is-confirmed"),
        pytest.param(Death("after", f"{SPEECH}.set_target"), id="before-the-channel-is-entered"),
    ],
)
async def test_killed_after_the_answer_a_job_is_spoken_and_its_message_follows(
    stage: Stage, death: Death
) -> None:
    bot = await stage.start(die=death)
    message = await stage.say("alpha")
    await bot.ended()

    await stage.start()
    await shows(message, "Spoken in")

    assert stage.heard.text == "alpha"
    assert stage.messages == [message]


async def test_killed_between_the_audio_file_and_its_row_the_audio_is_not_lost(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("after", WRITE_AUDIO))
    message = await stage.say("alpha")
    await bot.ended()
    await stage.heard.forget()

    # Without an engine, what is heard can only have come from that file.
    await stage.start(MYNAH_ENGINE_URL=NOWHERE)
    await shows(message, "Spoken in")

    assert stage.heard.text == "alpha"


async def test_killed_before_the_last_chunk_is_committed_it_is_heard_once_more(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("before", SPOKEN))
    message = await stage.say("alpha")
    await bot.ended()

    await stage.start()
    await shows(message, "Spoken in")

    assert stage.heard.text == "alpha alpha"
    assert stage.messages == [message]


async def test_killed_once_the_last_chunk_is_committed_its_job_is_over_and_the_message_says_so(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("after", SPOKEN))
    message = await stage.say("alpha")
    await bot.ended()
    assert "Spoken in" not in message.content

    await stage.start()
    await shows(message, "Spoken in")
    await shows(await stage.say("beta"), "Spoken in")

    assert stage.heard.text == "alpha beta"


async def test_killed_between_an_edit_and_its_record_the_message_stays_as_it_is(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("before", f"{SPEECH}.mark_shown"))
    message = await stage.say("alpha")
    await bot.ended()
    shown = message.content
    assert "Spoken in" in shown

    await stage.start()
    await shows(await stage.say("beta"), "Spoken in")

    assert message.content == shown
    assert len(stage.messages) == 2


async def test_killed_between_a_skip_and_its_edit_the_message_says_who_skipped(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("after", f"{SPEECH}.cancel"))
    message = await stage.say(LONG)
    await stage.heard.until("alpha")
    await stage.alice.press(message, "Skip")
    await bot.ended()
    assert "Skipped" not in message.content

    await stage.start()
    await shows(message, f"Skipped by {stage.alice.mention}")
    await stage.heard.forget()
    await shows(await stage.say("mu"), "Spoken in")

    assert stage.heard.text == "mu"


async def test_killed_once_a_pause_is_committed_the_bot_comes_back_paused(stage: Stage) -> None:
    bot = await stage.start(die=Death("after", f"{SPEECH}.set_paused"))
    message = await stage.say(LONG)
    await stage.heard.until("alpha")
    await stage.alice.command("pause")
    await bot.ended()
    await stage.heard.forget()

    await stage.start()
    await shows(message, "Paused")
    assert stage.guild.bot.voice.channel is stage.lounge
    assert stage.heard.text == ""
    await stage.command("resume")
    await shows(message, "Spoken in")

    assert stage.heard.text == LONG


async def test_killed_once_a_leave_is_committed_the_bot_stays_out_until_it_is_called(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("after", f"{SPEECH}.set_target", nth=2))
    message = await stage.say(LONG)
    await stage.heard.until("alpha")
    await stage.alice.command("leave")
    await bot.ended()
    await stage.heard.forget()

    bot = await stage.start()
    await bot.says("user=mynah")  # it has seen its servers, and would be on its way
    await message.wait_for(lambda each: "is loading" not in each.content, PATIENCE)
    assert "On my way" in await stage.command("join")
    await shows(message, "Spoken in")

    assert stage.heard.text == LONG
