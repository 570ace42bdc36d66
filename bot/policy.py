"""Who may do what, where; and what keeps the bot from speaking somewhere. Pure.

This file has the rules. What a member is told of a denial is in `locales/en/policy.ftl`, and is put
into words when it is shown. This file does not know Discord's objects: the caller fills in plain
values again at every use of a command or button.

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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.locales.catalog import code_text
from bot.locales.escape import Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """The action is not allowed. `code` says why, as an error's code does; the other values are
    those that its sentence names."""

    code: str
    channel: int | None = None
    member: str | None = None
    missing: str = ""  # of the bot's permissions: view, connect, speak; joined by "-"

    @property
    def fields(self) -> Mapping[str, str]:
        """The values as the sentence takes them."""
        return {
            "channel": "none" if self.channel is None else Markup(f"<#{self.channel}>"),
            "member": Markup(f"<@{self.member}>"),
            "missing": self.missing,
        }

    @property
    def reason(self) -> Markup:
        """What the member is told, and what to do."""
        return code_text(self.code, self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """The voice channel where the bot is, and who would notice."""

    id: int | None  # None: the bot is in no voice channel
    listeners: int = 0  # humans there, without the requester
    others_jobs: int = 0  # jobs that are spoken or wait, of other members than the requester


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFacts:
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


TIMED_OUT: Final = Denial(code="member-timed-out")
NO_CHANNEL: Final = Denial(code="not-in-voice")


def may_say(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    """Speak a new job in the requester's channel. The bot goes there if it must."""
    if requester.timed_out:
        return TIMED_OUT
    if requester.channel is None:
        return NO_CHANNEL
    if requester.afk:
        return Denial(code="afk-channel", channel=requester.channel)
    if not requester.may_speak:
        return Denial(code="member-lacks-speak", channel=requester.channel)
    if requester.server_muted:
        return Denial(code="member-muted")
    if requester.suppressed and requester.stage:
        return Denial(code="member-in-audience", channel=requester.channel)
    if requester.suppressed:
        return Denial(code="member-suppressed", channel=requester.channel)
    return may_join(requester, channel)


#: A job that is spoken again is a new job of the requester.
may_replay = may_say


def may_join(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    """Bring the bot to the requester's channel."""
    if requester.timed_out:
        return TIMED_OUT
    if requester.channel is None:
        return NO_CHANNEL
    at_home = channel.id in (None, requester.channel)
    if at_home or requester.moderator or not channel.listeners:
        return None
    return Denial(code="bot-with-others", channel=channel.id)


def may_skip(requester: MemberFacts, channel: ChannelFacts, owner: JobOwner) -> Denial | None:
    """End one job, spoken or waiting."""
    if requester.timed_out:
        return TIMED_OUT
    if requester.moderator or requester.id == owner.id:
        return None
    if owner.present:
        return Denial(code="job-of-present-member", member=owner.id)
    if not _is_present(requester, channel):
        return Denial(code="job-of-absent-member", member=owner.id, channel=channel.id)
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
        return Denial(code="nothing-to-end")
    if requester.timed_out:
        return TIMED_OUT
    if not _is_present(requester, channel) and not any(owner.present for owner in owners):
        return Denial(code="jobs-of-absent-members", channel=channel.id)
    return Denial(code="jobs-of-others")


def may_pause(requester: MemberFacts, channel: ChannelFacts) -> Denial | None:
    if requester.timed_out:
        return TIMED_OUT
    if not _is_present(requester, channel):
        return Denial(code="bot-elsewhere", channel=channel.id)
    if channel.others_jobs and not requester.moderator:
        return Denial(code="jobs-of-others-wait")
    return None


may_resume = may_leave = may_pause


def may_view(requester: MemberFacts) -> Denial | None:
    """Read the queue, or download a job's sound as a file."""
    if requester.may_view:
        return None
    return Denial(code="channel-hidden")


def may_administer(requester: MemberFacts) -> Denial | None:
    """Decide about the voices of a server. Discord's own settings for a command can let others
    use it; they do not count here."""
    if requester.timed_out:
        return TIMED_OUT
    if not requester.manager:
        return Denial(code="manage-server-needed")
    return None


def obstacle(bot: BotFacts) -> Denial | None:
    """What keeps the bot from speaking in a channel, no matter who asks.

    The audience of a stage is no obstacle: the bot asks to speak there, and waiting jobs go on
    when it is invited.
    """
    if bot.timed_out:
        return Denial(code="bot-timed-out")
    if bot.afk:
        return Denial(code="afk-channel", channel=bot.channel)
    missing = "-".join(
        name
        for name, has, needed in (
            ("view", bot.view_channel, True),
            ("connect", bot.connect, not bot.inside),
            ("speak", bot.speak, not bot.stage),
        )
        if needed and not has
    )
    if missing:
        return Denial(code="bot-lacks-permissions", channel=bot.channel, missing=missing)
    is_full = 0 < bot.user_limit <= bot.occupants
    if is_full and not bot.inside and not bot.move_members:
        return Denial(code="channel-full", channel=bot.channel)
    return None


def _is_present(requester: MemberFacts, channel: ChannelFacts) -> bool:
    return channel.id is not None and requester.channel == channel.id
