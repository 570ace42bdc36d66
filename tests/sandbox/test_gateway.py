"""Broken connections, and how an unmodified discord.py handles them."""

import asyncio

import discord
import pytest

from sandbox import Permission, Sandbox
from tests.sandbox.plain_bot import Bot, running


async def test_a_dropped_connection_is_resumed_and_missed_events_arrive(
    local: Sandbox, bot: Bot
) -> None:
    """What happened in between is replayed."""
    guild = local.guilds[0]
    await local.gateway.drop()
    await bot.until("disconnect")
    guild.text("made in between")
    await bot.until("resumed")
    seen = bot.get_guild(guild.id)
    assert seen is not None
    assert [each.name for each in seen.text_channels] == ["made in between"]


async def test_a_close_code_and_a_request_to_reconnect_are_resumed(
    local: Sandbox, bot: Bot
) -> None:
    """4000 and op 7 both end in RESUMED."""
    await local.gateway.drop(code=4000)
    await bot.until("resumed")
    await local.gateway.reconnect()
    await bot.until("resumed")


async def test_an_invalidated_session_begins_anew_and_loses_its_place_in_voice(
    local: Sandbox, bot: Bot
) -> None:
    """Op 9: the bot identifies again; its voice state is gone."""
    guild = local.guilds[0]
    lounge = guild.voice("Lounge")
    await bot.until("guild_channel_create")
    await bot.get_guild(guild.id).change_voice_state(channel=discord.Object(lounge.id))  # type: ignore[union-attr]
    await guild.bot_joined(lounge)
    before = set(local.gateway.sessions)
    await local.gateway.invalidate()
    assert guild.bot.voice.channel is None
    await bot.until("ready", timeout=20)
    assert before.isdisjoint(local.gateway.sessions)


async def test_a_frozen_connection_answers_no_heartbeat(local: Sandbox, bot: Bot) -> None:
    """Nothing arrives while frozen, and all of it after the thaw."""
    local.gateway.freeze()
    local.guilds[0].text("unseen")
    with pytest.raises(TimeoutError):
        await bot.until("guild_channel_create", timeout=0.2)
    local.gateway.thaw()
    await bot.until("guild_channel_create")


async def test_away_and_back_on_the_same_port(local: Sandbox, bot: Bot) -> None:
    """While Discord is away it refuses connections; afterwards the bot resumes."""
    url = local.api_url
    await local.away()
    await bot.until("disconnect")
    await local.back()
    assert local.api_url == url
    await bot.until("resumed", timeout=20)


async def test_a_session_that_is_not_resumed_in_time_is_over(local: Sandbox, bot: Bot) -> None:
    """Its voice state ends, and a later resume is answered with op 9."""
    guild = local.guilds[0]
    lounge = guild.voice("Lounge")
    await bot.until("guild_channel_create")
    await bot.get_guild(guild.id).change_voice_state(channel=discord.Object(lounge.id))  # type: ignore[union-attr]
    await guild.bot_joined(lounge)
    await local.away()
    local.clock.advance(61)
    await guild.bot_left()
    await local.back()
    await bot.until("ready", timeout=20)


async def test_a_wrong_token_is_refused(local: Sandbox) -> None:
    """401 at the login."""
    client = Bot()
    with pytest.raises(discord.LoginFailure):
        await client.start("nothing")
    await client.close()


async def test_a_privileged_intent_must_be_allowed(local: Sandbox) -> None:
    """Close code 4014."""
    intents = discord.Intents(guilds=True, members=True)
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(local, Bot(intents)):
            pass


async def test_the_members_intent_brings_all_members(local: Sandbox) -> None:
    """discord.py asks for the whole list (op 8) and gets it."""
    local.world.privileged = frozenset({"members"})
    guild = local.guild("Home")
    for name in ("Alice", "Bert"):
        guild.member(name)
    async with running(local, Bot(discord.Intents(guilds=True, members=True))) as bot:
        seen = bot.get_guild(guild.id)
        assert seen is not None
        assert {each.name for each in seen.members} >= {"alice", "bert", "mynah"}


async def test_guilds_come_and_go(local: Sandbox, bot: Bot) -> None:
    """Unavailable, available, removed, invited again."""
    guild = local.guilds[0]
    guild.unavailable()
    await bot.until("guild_unavailable")
    guild.available()
    await bot.until("guild_available")
    await guild.remove_bot()
    await bot.until("guild_remove")
    guild.add_bot()
    await bot.until("guild_join")


async def test_voice_states_are_told(local: Sandbox, bot: Bot) -> None:
    """The bot sees a member join and leave."""
    guild = local.guilds[0]
    lounge = guild.voice("Lounge")
    alice = guild.member("Alice")
    await bot.until("guild_channel_create")
    await alice.join(lounge)
    await bot.until("voice_state_update")
    seen = bot.get_channel(lounge.id)
    assert isinstance(seen, discord.VoiceChannel)
    assert [each.name for each in seen.members] == ["alice"]
    await alice.leave()
    await bot.until("voice_state_update")
    assert seen.members == []


async def test_a_sharded_client_is_told_of_its_guilds(local: Sandbox) -> None:
    """It asks `/gateway/bot`, identifies each shard, and each has its own guilds."""

    class Sharded(discord.AutoShardedClient):
        async def before_identify_hook(
            self, shard_id: int | None, *, initial: bool = False
        ) -> None:
            """discord.py would wait for five seconds."""

    guilds = [local.guild(f"Guild {i}") for i in range(3)]
    client = Sharded(intents=discord.Intents(guilds=True), shard_count=2, guild_ready_timeout=0.1)
    task = asyncio.create_task(client.start(local.token))
    await local.world.watch.until(lambda: len(local.gateway.sessions) == 2, 5, "two shards")
    await client.wait_until_ready()
    assert {each.id for each in client.guilds} == {each.id for each in guilds}
    await client.close()
    await asyncio.wait({task})


async def test_too_many_events_in_a_minute_close_the_connection(local: Sandbox, bot: Bot) -> None:
    """4008 at the 121st event, heartbeats included; the session can be resumed."""
    guild = local.guilds[0]
    session = set(local.gateway.sessions)
    for _ in range(118):  # in addition to the identify and a first heartbeat
        # Like heartbeats: past discord.py's own limiter, which would wait.
        await bot.ws.send_heartbeat({"op": 1, "d": None})
    (connection,) = local.gateway.connections
    for _ in range(4):
        await bot.ws.send_heartbeat({"op": 1, "d": None})
    await bot.until("disconnect")
    assert connection.closed_with == 4008
    await bot.until("resumed")
    assert set(local.gateway.sessions) == session
    assert bot.get_guild(guild.id) is not None


async def test_events_of_two_minutes_are_counted_apart(local: Sandbox, bot: Bot) -> None:
    """The sandbox's clock says when a minute is over; `limit_rates(False)` stops counting."""
    (connection,) = local.gateway.connections
    for _ in range(2):
        for _ in range(100):
            await bot.ws.send_heartbeat({"op": 1, "d": None})
        local.guilds[0].text("after them")
        await bot.until("guild_channel_create")
        local.clock.advance(61.0)
    local.limit_rates(False)
    for _ in range(200):
        await bot.ws.send_heartbeat({"op": 1, "d": None})
    local.guilds[0].text("after these")
    await bot.until("guild_channel_create")
    assert connection.closed_with is None


async def test_voice_requests_are_logged(local: Sandbox, bot: Bot) -> None:
    """With the sandbox's time, also those that have no effect."""
    guild = local.guilds[0]
    lounge, closed = guild.voice("Lounge"), guild.voice("Closed")
    closed.overwrite(guild.everyone, deny=Permission.CONNECT)
    for _ in range(2):
        await bot.until("guild_channel_create")
    seen = bot.get_guild(guild.id)
    assert seen is not None
    before = local.clock.time()
    await seen.change_voice_state(channel=discord.Object(closed.id))
    await seen.change_voice_state(channel=discord.Object(lounge.id))
    await guild.bot_joined(lounge)
    await seen.change_voice_state(channel=None)
    await guild.bot_left()
    log = local.gateway.voice_requests
    assert [(each.guild_id, each.channel_id) for each in log] == [
        (guild.id, closed.id),
        (guild.id, lounge.id),
        (guild.id, None),
    ]
    assert before <= log[0].time <= log[-1].time <= local.clock.time()
