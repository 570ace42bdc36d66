"""Who hears what: an unmodified discord.py speaks, simulated members listen."""

import pytest

from sandbox.protocol.voice import VoiceServer
from tests.sandbox.voice_host import BOT, GUILD, LOBBY, STUDIO, Host, encrypted, until
from tests.sandbox.voice_sound import SILENCE, Frames, tone

ANNE, BERT = 11, 12


async def test_members_hear_every_frame_as_it_was_sent(voice: VoiceServer, host: Host) -> None:
    """After the welcome, what each of two members hears is bit-identical to what was played."""
    anne = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
    bert = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=BERT)
    bot = await host.join(LOBBY)
    await encrypted(bot)
    packets = tone(0.3)
    bot.play(Frames(packets))
    await anne.wait_for(lambda heard: len(heard.packets()) == len(packets), 5)
    assert anne.packets() == packets
    assert bert.packets() == packets
    assert anne.undecodable == bert.undecodable == 0
    assert {frame.speaker for frame in anne.frames} == {BOT}


async def test_what_is_sent_before_the_welcome_is_not_heard() -> None:
    """While the group still forms, discord.py sends in the clear, and members hear none of it."""
    async with VoiceServer(welcome_delay=60.0) as voice, Host(voice) as host:
        anne = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
        bot = await host.join(LOBBY)
        packets = tone(0.5)
        bot.play(Frames(packets))
        await anne.wait_for(lambda heard: heard.undecodable == 5, 5)
        assert anne.frames == []
        voice.welcome_delay = 0.0
        await anne.wait_for(
            lambda heard: len(heard.packets()) + heard.undecodable == len(packets), 5
        )
    lost = anne.undecodable
    assert lost < len(packets)
    assert anne.packets() == packets[lost:]


async def test_silence_frames_are_heard_as_silence_whatever_the_keys() -> None:
    """Discord's silence frame passes unencrypted, also before there is a group."""
    async with VoiceServer(welcome_delay=60.0) as voice, Host(voice) as host:
        anne = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
        bot = await host.join(LOBBY)
        bot.play(Frames([SILENCE] * 5))
        await anne.wait_for(lambda heard: len(heard.frames) >= 5, 5)
    assert all(frame.silence for frame in anne.frames)
    assert (anne.undecodable, anne.first_sound, anne.packets()) == (0, None, [])


async def test_a_member_who_joins_in_mid_speech_hears_from_then_on(
    voice: VoiceServer, host: Host
) -> None:
    """The newcomer hears the rest; the member who was there hears everything."""
    anne = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
    bot = await host.join(LOBBY)
    await encrypted(bot)
    packets = tone(0.6)
    bot.play(Frames(packets))
    await anne.wait_for(lambda heard: len(heard.packets()) == 10, 5)
    bert = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=BERT)
    await anne.wait_for(lambda heard: len(heard.packets()) == len(packets), 5)
    assert anne.packets() == packets
    assert 0 < len(bert.packets()) <= len(packets) - 10
    assert bert.packets() == packets[-len(bert.packets()) :]


async def test_a_member_who_left_hears_no_more(voice: VoiceServer, host: Host) -> None:
    """Its recording ends, and the other member's continues."""
    anne = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
    bert = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=BERT)
    bot = await host.join(LOBBY)
    await encrypted(bot)
    packets = tone(0.4)
    bot.play(Frames(packets))
    await bert.wait_for(lambda heard: len(heard.packets()) == 5, 5)
    await voice.unlisten(guild_id=GUILD, user_id=BERT)
    await anne.wait_for(lambda heard: len(heard.packets()) == len(packets), 5)
    assert bert.packets() == packets[:5]
    assert anne.packets() == packets


async def test_alone_there_is_no_encryption_and_a_member_brings_it(
    voice: VoiceServer, host: Host
) -> None:
    """Before anyone listens the bot has no keys; it gets them with the first member, loses them
    with the last, and gets new ones with the next."""
    bot = await host.join(LOBBY)
    assert bot.voice_privacy_code is None
    codes: set[str | None] = set()
    for member in (ANNE, BERT):
        heard = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=member)
        await encrypted(bot)
        codes.add(bot.voice_privacy_code)
        packets = tone(0.1)
        bot.play(Frames(packets))
        await heard.wait_for(lambda it, all_=packets: it.packets() == all_, 5)  # type: ignore[misc]
        await until(lambda: not bot.is_playing())  # its player ends a moment after the last frame
        await voice.unlisten(guild_id=GUILD, user_id=member)
        await encrypted(bot, False)
    assert len(codes) == 2


async def test_in_another_channel_the_bot_is_in_another_group(
    voice: VoiceServer, host: Host
) -> None:
    """After a move the members of the old channel hear nothing and those of the new one hear."""
    anne = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
    bert = await voice.listen(guild_id=GUILD, channel_id=STUDIO, user_id=BERT)
    bot = await host.join(LOBBY)
    await encrypted(bot)
    lobby_code = bot.voice_privacy_code
    await host.move(bot, STUDIO)
    await until(lambda: bot.voice_privacy_code not in (None, lobby_code))
    packets = tone(0.2)
    bot.play(Frames(packets))
    await bert.wait_for(lambda heard: len(heard.packets()) == len(packets), 5)
    assert bert.packets() == packets
    assert anne.frames == []


async def test_a_member_who_moves_keeps_its_recording(voice: VoiceServer, host: Host) -> None:
    """It hears what is said in its channel, in one recording."""
    anne = await voice.listen(guild_id=GUILD, channel_id=STUDIO, user_id=ANNE)
    bot = await host.join(LOBBY)
    moved = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
    assert moved is anne
    await encrypted(bot)
    packets = tone(0.1)
    bot.play(Frames(packets))
    await anne.wait_for(lambda heard: heard.packets() == packets, 5)


async def test_without_end_to_end_encryption_members_hear_at_once() -> None:
    """Protocol version 0: no group, no waiting."""
    async with VoiceServer(dave=False) as voice, Host(voice) as host:
        anne = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
        bot = await host.join(LOBBY)
        packets = tone(0.2)
        bot.play(Frames(packets))
        await anne.wait_for(lambda heard: heard.packets() == packets, 5)
        assert bot.voice_privacy_code is None
    assert anne.undecodable == 0


async def test_guilds_do_not_hear_each_other(voice: VoiceServer) -> None:
    """Each guild's members hear their own bot's voice only."""
    async with Host(voice, guilds=2) as host:
        other, other_lobby = GUILD + 1, LOBBY + 1000
        anne = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
        bert = await voice.listen(guild_id=other, channel_id=other_lobby, user_id=BERT)
        here, there = await host.join(LOBBY), await host.join(other_lobby, other)
        await encrypted(here)
        await encrypted(there)
        low, high = tone(0.2, hertz=220), tone(0.2, hertz=880)
        here.play(Frames(low))
        there.play(Frames(high))
        await anne.wait_for(lambda heard: len(heard.packets()) == len(low), 5)
        await bert.wait_for(lambda heard: len(heard.packets()) == len(high), 5)
    assert anne.packets() == low
    assert bert.packets() == high


async def test_what_was_heard_can_be_listened_to(voice: VoiceServer, host: Host) -> None:
    """The decoded recording has the tone's length and loudness, and where it began."""
    anne = await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)
    bot = await host.join(LOBBY)
    await encrypted(bot)
    bot.play(Frames([SILENCE] * 10 + tone(0.4)))
    began = await anne.until_sound(5)
    assert anne.frames[0].time < began == anne.first_sound
    assert await anne.until_silent(0.3, 5) > began
    assert anne.speech_spans()[-1][1] == anne.last_sound
    assert anne.samples().max() == pytest.approx(0.3 * 32767, rel=0.1)
    assert not anne.samples()[:960].any()
