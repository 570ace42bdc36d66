"""How discord.py behaves when voice breaks, and whether members hear it afterwards.

Only as far as an unmodified discord.py recovers by itself; the bot must handle the rest.
"""

import discord
import pytest

from sandbox.protocol.voice import Recording, VoiceServer
from tests.sandbox.voice_host import BOT, GUILD, LOBBY, Host, encrypted, until
from tests.sandbox.voice_sound import Frames, tone

ANNE = 11
SPEECH = tone(0.1)


@pytest.fixture
async def anne(voice: VoiceServer) -> Recording:
    return await voice.listen(guild_id=GUILD, channel_id=LOBBY, user_id=ANNE)


@pytest.fixture
async def bot(anne: Recording, host: Host) -> discord.VoiceClient:
    client = await host.join(LOBBY)
    await encrypted(client)
    return client


async def is_heard(bot: discord.VoiceClient, anne: Recording) -> None:
    """Play something and wait until Anne has heard it."""
    before = len(anne.packets())
    bot.play(Frames(SPEECH))
    await anne.wait_for(lambda heard: heard.packets()[before:] == SPEECH, 5)


async def test_another_voice_server(
    voice: VoiceServer, host: Host, bot: discord.VoiceClient, anne: Recording
) -> None:
    """Sent to another endpoint, discord.py goes there by itself and is heard again."""
    code = bot.voice_privacy_code
    host.gateway.endpoint = await voice.other_server()
    host.gateway.readmit(GUILD)
    await until(lambda: bot.voice_privacy_code not in (None, code))
    await is_heard(bot, anne)
    assert [each.endpoint for each in voice.connections] == [host.gateway.endpoint]


@pytest.mark.parametrize("code", [4006, None])
async def test_after_a_lost_connection_discord_py_joins_afresh(
    voice: VoiceServer, bot: discord.VoiceClient, code: int | None
) -> None:
    """After an invalid session or a dropped TCP connection it backs off, leaves, and identifies
    again. In 2.7.1 it is a matter of luck whether it gets further: its reader may still wait on the
    old socket for up to 30 s."""
    assert bot.is_connected()
    await voice.close_connection(GUILD, code)
    await voice.wait_for(lambda server: len(server.history) == 2, 15)
    first, second = voice.history
    assert first.over
    assert second.admission != first.admission


async def test_an_expelled_bot_is_out(
    voice: VoiceServer, host: Host, bot: discord.VoiceClient
) -> None:
    """4014 with a voice state that names no channel ends the connection permanently."""
    await host.gateway.put(GUILD, None)
    await until(lambda: not host.client.voice_clients)
    assert voice.connections == []
    assert not bot.is_connected()


async def test_a_bot_that_leaves_is_gone_from_the_group(
    voice: VoiceServer, bot: discord.VoiceClient
) -> None:
    """A leave by the bot itself ends its session."""
    await bot.disconnect()
    await voice.wait_for(lambda server: not server.connections, 5)
    assert voice.history[0].user_id == BOT
    assert voice.history[0].over


async def test_a_dead_udp_path_is_invisible_to_discord_py(
    voice: VoiceServer, bot: discord.VoiceClient, anne: Recording
) -> None:
    """Frames are lost while it believes that it plays, and are heard again afterwards."""
    voice.drop_udp(GUILD, True)
    bot.play(Frames(SPEECH))
    await until(lambda: not bot.is_playing())
    assert bot.is_connected()
    assert anne.packets() == []
    voice.drop_udp(GUILD, False)
    await is_heard(bot, anne)
