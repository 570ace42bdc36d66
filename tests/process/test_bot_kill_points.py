"""The bot is killed at every point where what is on disk, what Discord knows and what was heard
can differ; started again, it makes them agree."""

import asyncio

import pytest

from tests.process.stage import PATIENCE, Death, Stage, shows

SPEECH = "engine.speech.pipeline:Speech"
SPOKEN = "engine.speech.player:LanePlayer.spoken"
ANSWER = "bot.rest:Rest.answer"
WRITE_AUDIO = "engine.speech.cache:AudioCache.write"

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing answers there


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


async def test_killed_before_the_answer_the_job_is_answered_when_the_bot_is_back_in_time(
    stage: Stage,
) -> None:
    bot = await stage.start(die=Death("before", ANSWER))
    interaction = await stage.alice.command("say", {"text": "alpha"})
    await bot.ended()
    # However long the start takes here: the bot finds itself within the three seconds.
    stage.discord.clock.advance(-2.0)

    await stage.start()
    message = await interaction.original(PATIENCE)
    await shows(message, "Spoken in")

    assert stage.heard.text == "alpha"
    assert stage.messages == [message]
