"""Who is in which voice channel: joining, leaving, being moved, muted, suppressed.

Knows: Discord's rules for voice states, and that each change is told to the gateway and to the
voice side. Does not know: sound; that is the voice side's.

A real client (the bot under test) is admitted to the voice server and connects by itself; a
simulated member is made a participant there at once, so that the encrypted group is right.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.channels import Channel, Kind
from sandbox.errors import Form, Json, refusal
from sandbox.permissions import Permission

if TYPE_CHECKING:
    from sandbox.members import Member


@dataclass
class VoiceState:
    """A member's state. `mute` and `deaf` are the server's and outlast the channel."""

    channel: Channel | None = None
    session_id: str = ""
    mute: bool = False
    deaf: bool = False
    self_mute: bool = False
    self_deaf: bool = False
    suppress: bool = False
    request_to_speak: str | None = None


async def request(member: "Member", session_id: str, data: Json) -> None:
    """What the bot asks for with op 4. What it may not have is passed over in silence:
    Discord sends no event at all."""
    voice = member.voice
    wanted = int(data["channel_id"]) if data.get("channel_id") else None
    flags = (bool(data.get("self_mute")), bool(data.get("self_deaf")))
    if wanted is None:
        if voice.channel is not None:
            await leave(member)
        return
    channel = member.guild.channels.get(wanted)
    if channel is None or not channel.is_voice:
        return
    if channel is voice.channel and session_id == voice.session_id:
        voice.self_mute, voice.self_deaf = flags
        announce(member)
    elif may_enter(member, channel):
        voice.self_mute, voice.self_deaf = flags
        await enter(member, channel, session_id=session_id)


def may_enter(member: "Member", channel: Channel) -> bool:
    """Whether the channel is open to the member and has room.

    Source: Discord's documentation of voice connections for the full channel; moderators that
    may move members or manage the channel pass it.
    """
    has = member.permissions_in(channel)
    if Permission.VIEW_CHANNEL not in has or Permission.CONNECT not in has:
        return False
    others = [each for each in channel.members if each is not member]
    is_full = channel.user_limit > 0 and len(others) >= channel.user_limit
    return not is_full or bool(has & (Permission.MOVE_MEMBERS | Permission.MANAGE_CHANNELS))


async def enter(member: "Member", channel: Channel, *, session_id: str) -> None:
    """Put the member into the channel, from wherever they were."""
    guild, voice, side = member.guild, member.voice, member.world.voice
    if voice.channel is not None and member.is_client:
        await _withdraw(member, 4014)
    voice.channel = channel
    voice.session_id = session_id
    voice.request_to_speak = None
    # Discord computes permissions when one joins or moves, not afterwards (discord-api-docs#4032).
    # In a stage everyone begins in the audience, moderators too; in the AFK channel nobody speaks.
    voice.suppress = (
        channel.kind is Kind.STAGE
        or channel is guild.afk_channel
        or Permission.SPEAK not in member.permissions_in(channel)
    )
    if member.is_client:
        token = _admit(member, channel)
        announce(member)
        update_server(member, token)
    else:
        announce(member)
        member.hear(await side.listen(guild_id=guild.id, channel_id=channel.id, user_id=member.id))
    _tell_voice_side(member)


async def leave(member: "Member", *, code: int = 4014) -> None:
    """Take the member out of voice; a client's voice connection is closed with `code`."""
    if member.voice.channel is None:
        return
    member.voice.channel = None
    member.voice.suppress = False
    member.voice.request_to_speak = None
    announce(member)
    await _withdraw(member, code)


async def _withdraw(member: "Member", code: int) -> None:
    side = member.world.voice
    if member.is_client:
        await side.expel(guild_id=member.guild.id, user_id=member.id, code=code)
    else:
        await side.unlisten(guild_id=member.guild.id, user_id=member.id)


def _admit(member: "Member", channel: Channel) -> str:
    """Let the client connect to the voice server; its token."""
    return member.world.voice.admit(
        guild_id=member.guild.id,
        channel_id=channel.id,
        user_id=member.id,
        session_id=member.voice.session_id,
    )


def update_server(member: "Member", token: str) -> None:
    """Tell the bot which voice server to connect to."""
    data = {
        "guild_id": str(member.guild.id),
        "token": token,
        "endpoint": member.guild.voice_endpoint or member.world.voice.endpoint,
    }
    member.world.gateway.dispatch("VOICE_SERVER_UPDATE", data, guild=member.guild)


async def move_server(member: "Member") -> None:
    """Discord changes the guild's voice server: the client is to connect to another one."""
    member.guild.voice_endpoint = await member.world.voice.other_server()
    if member.voice.channel is not None:
        update_server(member, _admit(member, member.voice.channel))


def announce(member: "Member") -> None:
    """Tell everyone the member's voice state as it is now."""
    data = payload(member) | {"guild_id": str(member.guild.id), "member": member.payload()}
    member.world.gateway.dispatch(
        "VOICE_STATE_UPDATE", data, guild=member.guild, intent="voice_states"
    )
    member.world.watch.changed()


def amend(member: "Member", **changes: Any) -> None:
    """Change fields of the state (mute, deaf, suppress …) and tell everyone."""
    for name, value in changes.items():
        setattr(member.voice, name, value)
    announce(member)
    _tell_voice_side(member)


def amend_own(member: "Member", data: Json) -> None:
    """`PATCH /guilds/{id}/voice-states/@me`. Raises 10065, 50013, 50024, 50035.

    Source: Discord's documentation, "Modify Current User Voice State". Who is not suppressed may
    say so again: that is how Discord's own client accepts an invitation to speak.
    """
    voice = member.voice
    channel = voice.channel
    if channel is None or data.get("channel_id") not in (None, str(channel.id), channel.id):
        raise refusal(10065)
    if channel.kind is not Kind.STAGE:
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
    amend(member, **changes)


def _moment(text: Any) -> str:
    """A time as Discord writes it down. Raises 50035."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        form = Form()
        form.fault(
            "request_to_speak_timestamp",
            "DATE_TIME_TYPE_PARSE",
            f"Could not parse {text}. Should be ISO8601.",
        )
        form.settle()
        raise
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def invite(member: "Member", *, stamped: bool) -> None:
    """A stage moderator makes them a speaker; with `stamped` their request has the time of the
    invitation, and stands until they accept it, else they have none."""
    asked = member.world.clock.iso() if stamped else None
    amend(member, suppress=False, request_to_speak=asked)


def _tell_voice_side(member: "Member") -> None:
    """The voice server forwards nothing from those who may not be heard."""
    if member.is_client:
        silenced = member.voice.mute or member.voice.suppress
        place = {"guild_id": member.guild.id, "user_id": member.id}
        member.world.voice.mute(**place, on=silenced)


def payload(member: "Member") -> Json:
    """The voice state object, as GUILD_CREATE holds it."""
    voice = member.voice
    return {
        "channel_id": str(voice.channel.id) if voice.channel else None,
        "user_id": str(member.id),
        "session_id": voice.session_id,
        "deaf": voice.deaf,
        "mute": voice.mute,
        "self_deaf": voice.self_deaf,
        "self_mute": voice.self_mute,
        "self_video": False,
        "suppress": voice.suppress,
        "request_to_speak_timestamp": voice.request_to_speak,
    }
