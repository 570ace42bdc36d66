"""Who is in which voice channel: joining, leaving, being moved, muted, suppressed.

Knows: Discord's rules for voice states, and what each change tells the voice server. Does not
know: sound (`voice`).

A real client (the bot under test) is admitted to the voice server and connects by itself. A
simulated member becomes a participant there at once, so that the encrypted group is right.
"""

from datetime import UTC, datetime
from typing import Any

from sandbox.model import Json
from sandbox.model.guild import Channel, ChannelKind, Guild, Member
from sandbox.model.permissions import Permission
from sandbox.protocol.errors import Form, refusal
from sandbox.protocol.voice import Recording, VoiceServer


def may_enter(member: Member, channel: Channel) -> bool:
    """Whether the channel is open to the member and has room.

    Source: Discord's documentation of voice connections for the full channel. Moderators who may
    move members or manage the channel can join a full one.
    """
    has = member.permissions_in(channel)
    if Permission.VIEW_CHANNEL not in has or Permission.CONNECT not in has:
        return False
    others = [each for each in channel.members if each is not member]
    is_full = channel.user_limit > 0 and len(others) >= channel.user_limit
    return not is_full or bool(has & (Permission.MOVE_MEMBERS | Permission.MANAGE_CHANNELS))


class VoiceStates:
    """All changes of voice states. `recordings` has what each simulated member hears."""

    def __init__(self, server: VoiceServer) -> None:
        self._server = server
        self.recordings: dict[Member, Recording] = {}

    async def request(self, member: Member, session_id: str, data: Json) -> None:
        """What the bot asks for with op 4. If it may not have it, Discord sends no event at
        all."""
        voice = member.voice
        wanted = int(data["channel_id"]) if data.get("channel_id") else None
        flags = (bool(data.get("self_mute")), bool(data.get("self_deaf")))
        if wanted is None:
            await self.leave(member, wait=False)  # other requests are behind this one
            return
        channel = member.guild.channels.get(wanted)
        if channel is None or not channel.is_voice:
            return
        if channel is voice.channel and session_id == voice.session_id:
            voice.self_mute, voice.self_deaf = flags
            member.announce_voice()
        elif may_enter(member, channel):
            voice.self_mute, voice.self_deaf = flags
            await self.enter(member, channel, session_id=session_id)

    async def enter(self, member: Member, channel: Channel, *, session_id: str) -> None:
        """Put the member into the channel, from another one or from outside."""
        guild, voice = member.guild, member.voice
        if voice.channel is not None and member.is_client:
            await self._withdraw(member, 4014)
        voice.channel = channel
        voice.session_id = session_id
        voice.request_to_speak = None
        # Discord computes permissions at a join or a move, not later (discord-api-docs#4032). In a
        # stage everyone begins in the audience, moderators too; in the AFK channel nobody speaks.
        voice.suppress = (
            channel.kind is ChannelKind.STAGE
            or channel is guild.afk_channel
            or Permission.SPEAK not in member.permissions_in(channel)
        )
        member.announce_voice()
        if member.is_client:
            self._send_to_server(member, channel)
        else:
            self.recordings[member] = await self._server.listen(
                guild_id=guild.id, channel_id=channel.id, user_id=member.id
            )
        self._silence(member)

    async def leave(self, member: Member, *, code: int = 4014, wait: bool = True) -> None:
        """Take the member out of voice. A client's voice connection is closed with `code`; `wait`:
        until it is closed."""
        if member.voice.channel is None:
            return
        member.voice.channel = None
        member.voice.suppress = False
        member.voice.request_to_speak = None
        member.announce_voice()
        await self._withdraw(member, code, wait=wait)

    async def move_server(self, guild: Guild) -> None:
        """Discord moves the guild to another voice server, to which the bot must connect."""
        guild.voice_endpoint = await self._server.other_server()
        if guild.bot.voice.channel is not None:
            self._send_to_server(guild.bot, guild.bot.voice.channel)

    def amend(self, member: Member, **changes: Any) -> None:
        """Change fields of the state (mute, deaf, suppress …), and tell the bot."""
        for name, value in changes.items():
            setattr(member.voice, name, value)
        member.announce_voice()
        self._silence(member)

    def amend_own(self, member: Member, data: Json) -> None:
        """`PATCH /guilds/{id}/voice-states/@me`. Raises 10065, 50013, 50024, 50035.

        Source: Discord's documentation, "Modify Current User Voice State". A member who is not
        suppressed may say so again: Discord's own client accepts an invitation to speak like this.
        """
        voice = member.voice
        channel = voice.channel
        if channel is None or data.get("channel_id") not in (None, str(channel.id), channel.id):
            raise refusal(10065)
        if channel.kind is not ChannelKind.STAGE:
            raise refusal(50024)
        has = member.permissions_in(channel)
        changes: Json = {}
        if "suppress" in data:
            if voice.suppress and not data["suppress"] and Permission.MUTE_MEMBERS not in has:
                raise refusal(50013)
            changes["suppress"] = bool(data["suppress"])
        if "request_to_speak_timestamp" in data:
            asked = data["request_to_speak_timestamp"]
            if asked is not None and Permission.REQUEST_TO_SPEAK not in has:
                raise refusal(50013)
            changes["request_to_speak"] = _moment(asked) if asked is not None else None
        self.amend(member, **changes)

    def invite(self, member: Member, *, stamped: bool) -> None:
        """A stage moderator makes them a speaker. With `stamped` their request has the time of the
        invitation and stands until they accept it; without, they have no request."""
        asked = member.world.clock.iso() if stamped else None
        self.amend(member, suppress=False, request_to_speak=asked)

    # The voice server

    async def _withdraw(self, member: Member, code: int, *, wait: bool = True) -> None:
        if member.is_client:
            await self._server.expel(
                guild_id=member.guild.id, user_id=member.id, code=code, wait=wait
            )
        else:
            await self._server.unlisten(guild_id=member.guild.id, user_id=member.id)

    def _send_to_server(self, member: Member, channel: Channel) -> None:
        """Let the client connect to the voice server, and tell it where that is."""
        guild, session_id = member.guild, member.voice.session_id
        token = self._server.admit(
            guild_id=guild.id, channel_id=channel.id, user_id=member.id, session_id=session_id
        )
        endpoint = guild.voice_endpoint or self._server.endpoint
        data = {"guild_id": str(guild.id), "token": token, "endpoint": endpoint}
        guild.tell("VOICE_SERVER_UPDATE", data)

    def _silence(self, member: Member) -> None:
        """The voice server forwards nothing from a client that is muted or suppressed."""
        if member.is_client:
            silenced = member.voice.mute or member.voice.suppress
            self._server.mute(guild_id=member.guild.id, user_id=member.id, on=silenced)


def _moment(text: Any) -> str:
    """A time as Discord writes it. Raises 50035."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        form, message = Form(), f"Could not parse {text}. Should be ISO8601."
        form.fault("request_to_speak_timestamp", "DATE_TIME_TYPE_PARSE", message)
        form.settle()
        raise
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
