"""A real `discord.Client` with real voice clients, and a main gateway of thirty lines.

The gateway's part here is only what voice needs of it: it answers a voice state request (opcode 4)
with a VOICE_STATE_UPDATE and a VOICE_SERVER_UPDATE for the voice server under test.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast

import aiohttp
import discord
from discord.gateway import DiscordClientWebSocketResponse, DiscordWebSocket

from sandbox.protocol.voice import VoiceServer

GUILD = 100
LOBBY, STUDIO = 201, 202
BOT = 900
NETWORK = 0.01  # seconds that an answer of the gateway takes


class Gateway:
    """Replaces `DiscordWebSocket` in a client; `sessions` counts the joins."""

    def __init__(self, voice: VoiceServer, client: discord.Client) -> None:
        self.voice = voice
        self.client = client
        self.endpoint = voice.endpoint
        self.joins = 0
        self._channels: dict[int, int] = {}

    async def voice_state(
        self,
        guild_id: int,
        channel_id: int | None,
        self_mute: bool = False,
        self_deaf: bool = False,
    ) -> None:
        """The request that a client makes with opcode 4."""
        # discord.py misses answers that come within the same turn of the loop.
        self._later = asyncio.create_task(self._answer(guild_id, channel_id, self_mute, self_deaf))

    async def _answer(
        self, guild_id: int, channel_id: int | None, self_mute: bool, self_deaf: bool
    ) -> None:
        await asyncio.sleep(NETWORK)
        await self.put(guild_id, channel_id, self_mute=self_mute, self_deaf=self_deaf)

    async def put(self, guild_id: int, channel_id: int | None, **flags: bool) -> None:
        """The bot is in this channel now, after any move."""
        if channel_id is None:
            self._channels.pop(guild_id, None)
            self._tell_state(guild_id, None, flags)
            await self.voice.expel(guild_id=guild_id, user_id=BOT)
            return
        if self._channels.get(guild_id) == channel_id:
            self._tell_state(guild_id, channel_id, flags)
            return
        self._channels[guild_id] = channel_id
        self.joins += 1
        token = self.voice.admit(
            guild_id=guild_id, channel_id=channel_id, user_id=BOT, session_id=self._session
        )
        self._tell_state(guild_id, channel_id, flags)
        self.tell_server(guild_id, token)

    def readmit(self, guild_id: int) -> None:
        """The guild's voice server is another one now (`endpoint`)."""
        token = self.voice.admit(
            guild_id=guild_id,
            channel_id=self._channels[guild_id],
            user_id=BOT,
            session_id=self._session,
        )
        self.tell_server(guild_id, token)

    def tell_server(self, guild_id: int, token: str) -> None:
        self.client._connection.parse_voice_server_update(
            {"token": token, "guild_id": str(guild_id), "endpoint": self.endpoint}
        )

    @property
    def _session(self) -> str:
        return f"session-{self.joins}"

    def _tell_state(self, guild_id: int, channel_id: int | None, flags: dict[str, bool]) -> None:
        state = {
            "guild_id": str(guild_id),
            "channel_id": None if channel_id is None else str(channel_id),
            "user_id": str(BOT),
            "session_id": self._session,
            "deaf": False,
            "mute": False,
            "self_deaf": False,
            "self_mute": False,
            "self_video": False,
            "suppress": False,
            "request_to_speak_timestamp": None,
        } | flags
        self.client._connection.parse_voice_state_update(cast("Any", state))


class Host:
    """`async with Host(voice) as host:`; then `await host.join(LOBBY)`."""

    def __init__(self, voice: VoiceServer, guilds: int = 1) -> None:
        self._voice = voice
        self._guilds = guilds

    async def __aenter__(self) -> "Host":
        trust = ssl.create_default_context(cafile=str(self._voice.certificate))
        self.client = discord.Client(intents=discord.Intents(guilds=True, voice_states=True))
        await self.client._async_setup_hook()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust),
            ws_response_class=DiscordClientWebSocketResponse,
        )
        # `Client.login` makes this session when it fetches the bot's user over REST.
        self.client.http._HTTPClient__session = self._session  # type: ignore[attr-defined]
        self.gateway = Gateway(self._voice, self.client)
        self.client.ws = cast("DiscordWebSocket", self.gateway)
        state = self.client._connection
        user: Any = {"id": str(BOT), "username": "bot", "discriminator": "0", "avatar": None}
        state.user = discord.ClientUser(state=state, data=user)
        for number in range(self._guilds):
            state._add_guild_from_data(cast("Any", _guild(GUILD + number, user)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in list(self.client.voice_clients):
            await client.disconnect(force=True)
        await self._session.close()

    async def join(self, channel_id: int, guild_id: int = GUILD) -> discord.VoiceClient:
        """Connect as a bot would."""
        guild = self.client.get_guild(guild_id)
        assert guild is not None
        channel = guild.get_channel(channel_id)
        assert isinstance(channel, discord.VoiceChannel)
        return await channel.connect(timeout=5.0, reconnect=True)

    async def move(self, bot: discord.VoiceClient, channel_id: int) -> None:
        """A moderator moves the bot; returns when it has arrived."""
        guild_id = bot.guild.id
        await self.gateway.put(guild_id, channel_id)
        await self._voice.wait_for(
            lambda voice: any(
                each.channel_id == channel_id and each.connected_at is not None
                for each in voice.connections
            ),
            5,
        )


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something that discord.py does not announce."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def encrypted(bot: discord.VoiceClient, ready: bool = True) -> None:
    """Wait until the bot's end-to-end encryption is ready (or is no more)."""
    session = bot._connection.dave_session
    assert session is not None
    await until(lambda: session.ready is ready)


def _guild(guild_id: int, user: dict[str, Any]) -> dict[str, Any]:
    shift = (guild_id - GUILD) * 1000
    channels = [
        {
            "id": str(channel + shift),
            "type": 2,
            "name": name,
            "position": 0,
            "bitrate": 64000,
            "user_limit": 0,
            "permission_overwrites": [],
        }
        for channel, name in ((LOBBY, "Lobby"), (STUDIO, "Studio"))
    ]
    return {
        "id": str(guild_id),
        "name": "Guild",
        "owner_id": "1",
        "member_count": 1,
        "roles": [{"id": str(guild_id), "name": "@everyone", "permissions": "0", "position": 0}],
        "channels": channels,
        "members": [{"user": user, "roles": [], "joined_at": None, "flags": 0}],
        "voice_states": [],
        "threads": [],
        "emojis": [],
        "features": [],
        "unavailable": False,
    }
