"""Voice channels, as discord.py's own voice client meets them."""

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest

from sandbox import Channel, Guild, Member, NotPossible, Permission, Sandbox
from tests.sandbox.plain_bot import Bot
from tests.sandbox.voice_sound import Frames, tone


class Place:
    """A guild with a lounge, and the bot that joins it."""

    def __init__(self, bot: Bot, guild: Guild) -> None:
        self.bot = bot
        self.guild = guild
        self.lounge = guild.voice("Lounge")
        self.den = guild.voice("Den")

    async def join(self, channel: Channel, timeout: float = 5.0) -> discord.VoiceClient:
        seen = self.bot.get_channel(channel.id)
        assert isinstance(seen, discord.VoiceChannel | discord.StageChannel)
        return await seen.connect(timeout=timeout, self_deaf=True)


@pytest.fixture
async def place(local: Sandbox, bot: Bot) -> AsyncIterator[Place]:
    place = Place(bot, local.guilds[0])
    await bot.until("guild_channel_create")
    await bot.until("guild_channel_create")
    yield place
    for client in bot.voice_clients:
        await client.disconnect(force=True)


async def hears(listener: Member, client: discord.VoiceClient, timeout: float = 5.0) -> None:
    """Wait until something that the client plays reaches the listener, decrypted."""
    await asyncio.to_thread(client.wait_until_connected, timeout)
    before = len(listener.recording.packets())
    client.play(Frames(tone(0.2)))
    await listener.recording.wait_for(lambda heard: len(heard.packets()) > before, timeout)
    client.stop()


async def test_a_member_hears_what_the_bot_plays(local: Sandbox, place: Place) -> None:
    """From the interaction of both sides: joined, encrypted end to end, heard."""
    alice = place.guild.member("Alice")
    await alice.join(place.lounge)
    client = await place.join(place.lounge)
    await place.guild.bot_joined(place.lounge)
    assert place.guild.bot.voice.self_deaf
    await hears(alice, client)


async def test_a_moved_bot_goes_on_in_the_other_channel(local: Sandbox, place: Place) -> None:
    """A moderator's move, and one by the bot itself; the members there hear it."""
    alice, bert = place.guild.member("Alice"), place.guild.member("Bert")
    await alice.join(place.lounge)
    await bert.join(place.den)
    client = await place.join(place.lounge)
    await place.guild.bot.move(place.den)
    await hears(bert, client)
    # Not `move_to`: in discord.py 2.7.1 its new socket goes unread for up to 30 s.
    lounge = client.guild.get_channel(place.lounge.id)
    assert isinstance(lounge, discord.VoiceChannel)
    before = local.voice.connection(place.guild.id)
    await client.guild.change_voice_state(channel=lounge)
    await local.voice.wait_for(
        lambda server: server.connection(place.guild.id) not in (None, before), 5
    )
    await hears(alice, client)


async def test_a_disconnected_bot_is_out(local: Sandbox, place: Place) -> None:
    """A moderator disconnects it: its voice connection is closed with 4014."""
    await place.join(place.lounge)
    connection = local.voice.connection(place.guild.id)
    await place.guild.bot.disconnect_voice()
    assert place.guild.bot.voice.channel is None
    assert connection is not None
    assert connection.close_code == 4014
    await place.bot.until("voice_state_update")


async def test_a_closed_or_full_channel_answers_nothing(local: Sandbox, place: Place) -> None:
    """Without Connect, or in a full channel, the bot's request is ignored and times out; moderators
    can enter a full channel."""
    place.lounge.overwrite(place.guild.everyone, deny=Permission.CONNECT)
    place.den.update(user_limit=1)
    alice = place.guild.member("Alice")
    await alice.join(place.den)
    for channel in (place.lounge, place.den):
        with pytest.raises(TimeoutError):
            await place.join(channel, timeout=0.2)
        assert place.guild.bot.voice.channel is None
        with pytest.raises(NotPossible):
            await place.guild.member("Bert").join(channel)
    mods = place.guild.role("Mods", permissions=Permission.MOVE_MEMBERS)
    await place.guild.member("Carol", roles=[mods]).join(place.den)


async def test_who_may_not_speak_is_suppressed(local: Sandbox, place: Place) -> None:
    """Where Speak is missing, in the AFK channel, and in a stage; in a stage the bot may lift it
    with Mute Members. What it sends while suppressed reaches no member."""
    guild = place.guild
    place.den.overwrite(guild.everyone, deny=Permission.SPEAK)
    afk, stage = guild.afk("Away"), guild.stage("Stage")
    alice = guild.member("Alice")
    await place.bot.until("guild_channel_create")
    await place.bot.until("guild_channel_create")
    for channel, suppressed in ((place.lounge, False), (place.den, True), (afk, True)):
        client = await place.join(channel)
        assert guild.bot.voice.suppress is suppressed
        await client.disconnect()
    await alice.join(stage)
    client = await place.join(stage)
    me = client.guild.me
    with pytest.raises(discord.Forbidden) as refused:
        await me.edit(suppress=False)
    assert refused.value.code == 50013
    await me.request_to_speak()
    assert guild.bot.voice.request_to_speak
    stage.overwrite(guild.bot, allow=Permission.MUTE_MEMBERS)
    await me.edit(suppress=False)
    assert not guild.bot.voice.suppress
    await hears(alice, client)


async def test_a_bot_without_mute_members_speaks_on_a_stage_when_it_is_invited(
    local: Sandbox, place: Place
) -> None:
    """It asks, and withdraws; is refused without Request to Speak; is invited, accepts, and is
    moved back into the audience."""
    stage, alice = place.guild.stage("Stage"), place.guild.member("Alice")
    await place.bot.until("guild_channel_create")
    await alice.join(stage)
    client = await place.join(stage)
    me, voice = client.guild.me, place.guild.bot.voice
    http = place.bot.http
    stage.overwrite(place.guild.everyone, deny=Permission.REQUEST_TO_SPEAK)
    with pytest.raises(discord.Forbidden) as refused:
        await me.request_to_speak()
    assert refused.value.code == 50013
    stage.overwrite(place.guild.everyone)
    await me.request_to_speak()
    assert voice.request_to_speak is not None
    withdrawn = {"channel_id": stage.id, "request_to_speak_timestamp": None}
    await http.edit_my_voice_state(place.guild.id, withdrawn)
    assert voice.request_to_speak is None
    with pytest.raises(discord.HTTPException) as unread:
        await http.edit_my_voice_state(
            place.guild.id, withdrawn | {"request_to_speak_timestamp": "soon"}
        )
    assert unread.value.code == 50035
    for stamped in (False, True):
        await place.guild.bot.invite_to_speak(stamped=stamped)
        assert not voice.suppress
        assert (voice.request_to_speak is not None) is stamped
        await me.edit(suppress=False)  # which accepts it
        assert (voice.suppress, voice.request_to_speak) == (False, None)
        await hears(alice, client)
        client.stop()
        await me.request_to_speak()
        await place.guild.bot.suppress(True)
        assert (voice.suppress, voice.request_to_speak) == (True, None)
        with pytest.raises(discord.Forbidden):
            await me.edit(suppress=False)


async def test_a_person_who_is_made_a_speaker_has_yet_to_accept(
    local: Sandbox, place: Place
) -> None:
    """Their request to speak has the time of the invitation; a bot's is gone."""
    stage, alice = place.guild.stage("Stage"), place.guild.member("Alice")
    with pytest.raises(NotPossible):
        await alice.invite_to_speak(stamped=True)
    await alice.join(stage)
    await alice.suppress(False)
    assert (alice.voice.suppress, alice.voice.request_to_speak is None) == (False, False)
    robot = place.guild.member("Robot", bot=True)
    await robot.join(stage)
    await robot.suppress(False)
    assert (robot.voice.suppress, robot.voice.request_to_speak) == (False, None)


async def test_a_muted_bot_is_not_heard(local: Sandbox, place: Place) -> None:
    """Its frames arrive at the server, which forwards none of them until it is unmuted."""
    alice = place.guild.member("Alice")
    await alice.join(place.lounge)
    client = await place.join(place.lounge)
    await place.guild.bot.server_mute()
    with pytest.raises(TimeoutError):
        await hears(alice, client, timeout=0.3)
    client.stop()
    await place.guild.bot.server_mute(False)
    await hears(alice, client)


async def test_a_deleted_channel_and_a_changed_server(local: Sandbox, place: Place) -> None:
    """After a change of voice server the bot is heard again; it leaves when its channel is
    deleted."""
    alice = place.guild.member("Alice")
    await alice.join(place.lounge)
    client = await place.join(place.lounge)
    await hears(alice, client)
    first = local.voice.connection(place.guild.id)
    await place.guild.move_voice_server()
    await local.voice.wait_for(
        lambda server: server.connection(place.guild.id) not in (None, first), 5
    )
    await hears(alice, client)
    await place.guild.delete_channel(place.lounge)
    assert place.guild.bot.voice.channel is None
    assert alice.voice.channel is None


async def test_a_timeout_disconnects_and_closes_voice(local: Sandbox, place: Place) -> None:
    """Until the timeout is over the bot cannot join."""
    await place.join(place.lounge)
    await place.guild.bot.timeout(60)
    assert place.guild.bot.voice.channel is None
    await place.bot.until("member_update")
