"""Faults of REST, as ordered by a test."""

import aiohttp
import discord
import pytest

from sandbox import Sandbox
from tests.sandbox.plain_bot import Bot


async def test_a_failure_has_no_effect_and_is_logged(local: Sandbox, bot: Bot) -> None:
    """A 503, which discord.py does not try again."""
    text = local.guilds[0].text("general")
    local.rest.fail("POST", r"/channels/\d+/messages", status=503)
    channel = bot.get_partial_messageable(text.id)
    with pytest.raises(discord.DiscordServerError):
        await channel.send("x")
    assert text.messages == []
    asked = local.rest.requests[-1]
    assert (asked.method, asked.status) == ("POST", 503)
    assert isinstance(asked.json, dict)
    assert asked.json["content"] == "x"
    await channel.send("y")
    assert [each.content for each in text.messages] == ["y"]


async def test_a_request_may_take_effect_and_fail_all_the_same(local: Sandbox, bot: Bot) -> None:
    """The message exists, although the client saw its connection cut."""
    text = local.guilds[0].text("general")
    local.rest.apply_then_fail("POST", "/messages$", status=None)
    with pytest.raises(aiohttp.ClientError):
        await bot.get_partial_messageable(text.id).send("x")
    assert [each.content for each in text.messages] == ["x"]
    assert local.rest.requests[-1].status is None


async def test_a_429_is_waited_for(local: Sandbox, bot: Bot) -> None:
    """It carries `Via` and `retry_after`: discord.py tries again."""
    text = local.guilds[0].text("general")
    local.rest.fail("POST", "/messages$", status=429, retry_after=0.01, everywhere=True)
    await bot.get_partial_messageable(text.id).send("x")
    assert [each.status for each in local.rest.requests[-2:]] == [429, 200]


async def test_a_slow_answer_follows_the_clock(local: Sandbox, bot: Bot) -> None:
    """Held until the sandbox's clock has moved on."""
    text = local.guilds[0].text("general")
    local.rest.slow("POST", "/messages$", 1000)
    bot.loop.call_later(0.05, local.clock.advance, 1000)
    await bot.get_partial_messageable(text.id).send("x")
    assert len(text.messages) == 1
