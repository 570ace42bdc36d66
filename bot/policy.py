"""Who may do what, where; and what keeps the bot from speaking somewhere. Pure.

This file has the rules, and for each denial the sentence that tells a member what to do instead.
It does not know Discord's objects: the caller fills in plain values again at every use of a
command or button.

Every rule is judged in the voice channel, because an interaction's own permissions are those of
the channel where the command was typed. A rule returns None when it allows.

    say, replay            in a voice channel, with Speak, neither muted nor suppressed
    join, say elsewhere    only a moderator takes the bot from listeners; an empty channel is free
    skip, stop             members their own; moderators any; members who are present, the jobs of
                           members who have left
    pause, resume, leave   members who are present; only moderators while jobs of others wait
    download, queue view   members who can view the voice channel
    voice-admin            members with Manage Server
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Denial:
    """The action is not allowed. `reason` tells the member what to do."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """The voice channel where the bot is, and who would notice."""

    id: int | None  # None: the bot is in no voice channel
    listeners: int = 0  # humans there, without the requester
    others_jobs: int = 0  # jobs that are spoken or wait, of other members than the requester


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFacts:
    """The member who asks."""

    id: str  # as in `Job.requester`
    channel: int | None  # the voice channel where they are
    may_speak: bool = True  # Speak, in that channel
    server_muted: bool = False
    suppressed: bool = False  # in the audience of a stage, or came in without Speak
    stage: bool = False  # that channel is a stage
    afk: bool = False  # that channel is the AFK channel
    timed_out: bool = False
    moderator: bool = False  # Move or Mute Members in the bot's channel, or Manage Server
    may_view: bool = True  # View Channel, of the bot's channel
    manager: bool = False  # Manage Server


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOwner:
    """The member who requested a job, and whether they are in the bot's channel now."""

    id: str
    present: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BotFacts:
    """The bot, in the voice channel where it should speak."""

    channel: int
    view_channel: bool = True
    connect: bool = True
    speak: bool = True
    move_members: bool = False
    timed_out: bool = False
    inside: bool = False  # it is in that channel already
    occupants: int = 0
    user_limit: int = 0  # 0: none
    afk: bool = False
    stage: bool = False


TIMED_OUT = Denial("You are timed out in this server. Try again when that is over.")
NO_CHANNEL = Denial("You are not in a voice channel. Join one, then try again.")
BOT_NOWHERE = Denial("I am not in a voice channel. Join one and call me with `/join`.")


def may_say(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    """Speak a new job in the requester's channel. The bot goes there if it must."""
    if requester.timed_out:
        return TIMED_OUT
    if requester.channel is None:
        return NO_CHANNEL
    here = _mention(requester.channel)
    if requester.afk:
        return _afk(here)
    if not requester.may_speak:
        return Denial(f"You lack the Speak permission in {here}: ask a moderator for it.")
    if requester.server_muted:
        return Denial("You are muted by the server: ask a moderator to unmute you.")
    if requester.suppressed and requester.stage:
        return Denial(f"You are in the audience of {here}: request to speak there first.")
    if requester.suppressed:
        return Denial(f"You came into {here} without the Speak permission: leave and come back.")
    return may_join(requester, channel)


def may_replay(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    """Speak a job again: this is a new job of the requester."""
    return may_say(requester, channel)


def may_join(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    """Bring the bot to the requester's channel."""
    if requester.timed_out:
        return TIMED_OUT
    if requester.channel is None:
        return NO_CHANNEL
    at_home = channel.id in (None, requester.channel)
    if at_home or requester.moderator or not channel.listeners:
        return None
    return Denial(
        f"I am with others in {_mention(channel.id)}. Join me there, "
        "or ask a moderator to bring me over with `/join`."
    )


def may_skip(requester: MemberFacts, channel: ChannelFacts, owner: JobOwner) -> Denial | None:
    """End one job, spoken or waiting."""
    if requester.timed_out:
        return TIMED_OUT
    if requester.moderator or requester.id == owner.id:
        return None
    if owner.present:
        return Denial(f"This is <@{owner.id}>'s job: ask them, or a moderator.")
    if not _is_present(requester, channel):
        return Denial(f"This is <@{owner.id}>'s job. {_come(channel)}")
    return None


def may_stop(
    requester: MemberFacts, channel: ChannelFacts, owners: Sequence[JobOwner]
) -> Denial | None:
    """End the jobs that are spoken or wait: all of them that the requester may skip.

    Denied when the requester may skip none. `owners` are those of all these jobs, in any order.
    """
    denials = [may_skip(requester, channel, owner) for owner in owners]
    if None in denials:
        return None
    if not denials:
        return Denial("Nothing is being spoken, and nothing waits.")
    if requester.timed_out:
        return TIMED_OUT
    if not _is_present(requester, channel) and not any(owner.present for owner in owners):
        return Denial(f"These are jobs of others. {_come(channel)}")
    return Denial("These are jobs of others: ask them, or a moderator.")


def may_pause(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    return _may_command(requester, channel)


def may_resume(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    return _may_command(requester, channel)


def may_leave(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    return _may_command(requester, channel)


def may_view(requester: MemberFacts) -> Denial | None:
    """Read the queue, or download a job's sound as a file."""
    if requester.may_view:
        return None
    return Denial("You cannot view the voice channel that this belongs to.")


def may_administer(requester: MemberFacts) -> Denial | None:
    """Decide about the voices of a server. Discord's own settings for a command can let others
    use it; they do not count here."""
    if requester.timed_out:
        return TIMED_OUT
    if not requester.manager:
        return Denial("This is for members with the permission Manage Server: ask one of them.")
    return None


def obstacle(bot: BotFacts) -> Denial | None:
    """What keeps the bot from speaking in a channel, no matter who asks.

    The audience of a stage is no obstacle: the bot asks to speak there, and waiting jobs go on
    when it is invited.
    """
    here = _mention(bot.channel)
    if bot.timed_out:
        return Denial("I am timed out in this server: ask a moderator to end that.")
    missing = [
        name
        for name, has, needed in (
            ("View Channel", bot.view_channel, True),
            ("Connect", bot.connect, not bot.inside),
            ("Speak", bot.speak, not bot.stage),
        )
        if needed and not has
    ]
    if bot.afk:
        return _afk(here)
    if missing:
        noun = "permission" if len(missing) == 1 else "permissions"
        return Denial(f"I lack the {noun} {_and(missing)} in {here}: ask a moderator for it.")
    is_full = 0 < bot.user_limit <= bot.occupants
    if is_full and not bot.inside and not bot.move_members:
        return Denial(f"{here} is full: make room, or give me the permission Move Members.")
    return None


def _may_command(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    if requester.timed_out:
        return TIMED_OUT
    if channel.id is None:
        return BOT_NOWHERE
    if not _is_present(requester, channel):
        return Denial(_come(channel))
    if channel.others_jobs and not requester.moderator:
        return Denial("Jobs of others wait: ask a moderator, or try again when they are over.")
    return None


def _is_present(requester: MemberFacts, channel: ChannelFacts) -> bool:
    return channel.id is not None and requester.channel == channel.id


def _afk(here: str) -> Denial:
    return Denial(f"{here} is the AFK channel, where nobody may speak: go to another.")


def _come(channel: ChannelFacts) -> str:
    if channel.id is None:
        return BOT_NOWHERE.reason
    return f"Join me in {_mention(channel.id)} first."


def _mention(channel: int | None) -> str:
    return f"<#{channel}>"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
