"""Who may do what: each rule of the policy, as a table."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.locales.catalog import text
from bot.policy import (
    BotFacts,
    ChannelFacts,
    Denial,
    JobOwner,
    MemberFacts,
    may_administer,
    may_join,
    may_leave,
    may_pause,
    may_replay,
    may_resume,
    may_say,
    may_skip,
    may_stop,
    may_view,
    obstacle,
)
from bot.voice.listeners import Blocker

HERE, ELSEWHERE = 100, 200
ME = MemberFacts(id="7", channel=HERE)
AWAY = replace(ME, channel=ELSEWHERE)
NOWHERE = replace(ME, channel=None)
MODERATOR = replace(ME, moderator=True)

ALONE = ChannelFacts(id=HERE)
WITH_OTHERS = ChannelFacts(id=HERE, listeners=2)
BOT_OUT = ChannelFacts(id=None)
JOBS_WAIT = ChannelFacts(id=HERE, listeners=2, others_jobs=1)

MINE = JobOwner(id="7", present=True)
MINE_FROM_AFAR = JobOwner(id="7", present=False)
THEIRS = JobOwner(id="8", present=True)
LEFT_BEHIND = JobOwner(id="8", present=False)

Rule = Callable[[MemberFacts, ChannelFacts], Denial | None]


def check(denied: Denial | None, words: str | None) -> None:
    """`words` is a part of the reason, None where it is allowed."""
    if words is None:
        assert denied is None
    else:
        assert denied is not None
        assert words in denied.reason
        assert denied.reason[0].isupper() or denied.reason.startswith("<#")
        assert denied.reason.endswith(".")


@pytest.mark.parametrize("rule", [may_say, may_replay])
@pytest.mark.parametrize(
    ("requester", "scene", "words"),
    [
        (ME, ALONE, None),
        (ME, WITH_OTHERS, None),
        (ME, JOBS_WAIT, None),
        (ME, BOT_OUT, None),
        (NOWHERE, ALONE, "not in a voice channel. Join one"),
        (NOWHERE, BOT_OUT, "not in a voice channel"),
        (replace(NOWHERE, moderator=True), WITH_OTHERS, "not in a voice channel"),
        (replace(ME, may_speak=False), ALONE, "lack the Speak permission in <#100>"),
        (replace(ME, server_muted=True), ALONE, "muted by the server"),
        (replace(ME, suppressed=True, stage=True), ALONE, "audience of <#100>"),
        (replace(ME, suppressed=True), ALONE, "leave and come back"),
        (replace(ME, suppressed=True, afk=True), ALONE, "AFK channel"),
        (replace(ME, timed_out=True), ALONE, "timed out"),
        (replace(MODERATOR, server_muted=True), ALONE, "muted by the server"),
        (AWAY, WITH_OTHERS, "with others in <#100>. Join me there"),
        (AWAY, JOBS_WAIT, "with others in <#100>"),
        (AWAY, ALONE, None),
        (replace(AWAY, moderator=True), WITH_OTHERS, None),
        (replace(AWAY, may_speak=False), ALONE, "Speak permission in <#200>"),
    ],
)
def test_say_and_replay(
    rule: Rule, requester: MemberFacts, scene: ChannelFacts, words: str | None
) -> None:
    """Members in a voice channel who may speak there can use /say, but not take the bot from
    others."""
    check(rule(requester, scene), words)


@pytest.mark.parametrize(
    ("requester", "scene", "words"),
    [
        (ME, BOT_OUT, None),
        (ME, WITH_OTHERS, None),
        (AWAY, ALONE, None),
        (AWAY, WITH_OTHERS, "ask a moderator"),
        (replace(AWAY, moderator=True), WITH_OTHERS, None),
        (replace(ME, server_muted=True), BOT_OUT, None),
        (NOWHERE, BOT_OUT, "not in a voice channel"),
        (replace(ME, timed_out=True), BOT_OUT, "timed out"),
    ],
)
def test_join(requester: MemberFacts, scene: ChannelFacts, words: str | None) -> None:
    """The bot comes from outside and from an empty channel; from listeners, only for a
    moderator."""
    check(may_join(requester, scene), words)


@pytest.mark.parametrize(
    ("requester", "scene", "owner", "words"),
    [
        (ME, WITH_OTHERS, MINE, None),
        (NOWHERE, WITH_OTHERS, MINE_FROM_AFAR, None),
        (NOWHERE, BOT_OUT, MINE_FROM_AFAR, None),
        (ME, WITH_OTHERS, THEIRS, "<@8>'s text: ask them, or a moderator"),
        (ME, WITH_OTHERS, LEFT_BEHIND, None),
        (AWAY, WITH_OTHERS, LEFT_BEHIND, "Join me in <#100>"),
        (NOWHERE, WITH_OTHERS, THEIRS, "ask them"),
        (ME, BOT_OUT, LEFT_BEHIND, "I am not in a voice channel"),
        (MODERATOR, WITH_OTHERS, THEIRS, None),
        (replace(NOWHERE, moderator=True), WITH_OTHERS, THEIRS, None),
        (replace(MODERATOR, timed_out=True), WITH_OTHERS, THEIRS, "timed out"),
        (replace(ME, timed_out=True), WITH_OTHERS, MINE, "timed out"),
    ],
)
def test_skip(
    requester: MemberFacts, scene: ChannelFacts, owner: JobOwner, words: str | None
) -> None:
    """Members skip their own texts, a moderator anyone's, and present members those of members who
    left."""
    check(may_skip(requester, scene, owner), words)


@pytest.mark.parametrize(
    ("requester", "scene", "owners", "words"),
    [
        (ME, WITH_OTHERS, [], "Nothing is being spoken"),
        (ME, WITH_OTHERS, [MINE], None),
        (ME, WITH_OTHERS, [THEIRS, MINE], None),
        (ME, WITH_OTHERS, [THEIRS, THEIRS], "texts of others: ask them"),
        (ME, WITH_OTHERS, [THEIRS, LEFT_BEHIND], None),
        (NOWHERE, WITH_OTHERS, [LEFT_BEHIND], "Join me in <#100>"),
        (NOWHERE, WITH_OTHERS, [THEIRS], "ask them"),
        (MODERATOR, WITH_OTHERS, [THEIRS], None),
        (replace(ME, timed_out=True), WITH_OTHERS, [MINE], "timed out"),
    ],
)
def test_stop(
    requester: MemberFacts, scene: ChannelFacts, owners: list[JobOwner], words: str | None
) -> None:
    """Stopping ends the jobs that the member may skip, and is denied if there are none."""
    check(may_stop(requester, scene, owners), words)


@pytest.mark.parametrize("rule", [may_pause, may_resume, may_leave])
@pytest.mark.parametrize(
    ("requester", "scene", "words"),
    [
        (ME, ALONE, None),
        (ME, WITH_OTHERS, None),
        (ME, JOBS_WAIT, "Texts of others wait"),
        (MODERATOR, JOBS_WAIT, None),
        (AWAY, ALONE, "Join me in <#100> first"),
        (NOWHERE, ALONE, "Join me in <#100> first"),
        (replace(AWAY, moderator=True), ALONE, "Join me in <#100> first"),
        (ME, BOT_OUT, "I am not in a voice channel"),
        (NOWHERE, BOT_OUT, "I am not in a voice channel"),
        (replace(ME, timed_out=True), ALONE, "timed out"),
        (replace(ME, server_muted=True), ALONE, None),
    ],
)
def test_pause_resume_and_leave(
    rule: Rule, requester: MemberFacts, scene: ChannelFacts, words: str | None
) -> None:
    """Present members may, and only a moderator while jobs of others wait."""
    check(rule(requester, scene), words)


@pytest.mark.parametrize(
    ("requester", "words"),
    [
        (ME, None),
        (NOWHERE, None),
        (replace(ME, may_view=False), "cannot view the voice channel"),
        (replace(MODERATOR, may_view=False), "cannot view the voice channel"),
    ],
)
def test_download_and_queue_view(requester: MemberFacts, words: str | None) -> None:
    """Members who can view the voice channel may look at what is spoken in it, from anywhere."""
    check(may_view(requester), words)


@pytest.mark.parametrize(
    ("requester", "words"),
    [
        (ME, "Manage Server"),
        (MODERATOR, "Manage Server"),
        (replace(ME, manager=True), None),
        (replace(NOWHERE, manager=True), None),
        (replace(ME, manager=True, timed_out=True), "timed out"),
    ],
)
def test_voice_admin(requester: MemberFacts, words: str | None) -> None:
    """Members who manage the server decide about the voices on it, from anywhere."""
    check(may_administer(requester), words)


CHANNEL = BotFacts(channel=HERE)
FULL = replace(CHANNEL, occupants=5, user_limit=5)
STAGE = replace(CHANNEL, stage=True)


@pytest.mark.parametrize(
    ("bot", "words"),
    [
        (CHANNEL, None),
        (replace(CHANNEL, connect=False), "lack the permission Connect in <#100>"),
        (replace(CHANNEL, speak=False), "lack the permission Speak in <#100>"),
        (replace(CHANNEL, view_channel=False), "lack the permission View Channel"),
        (
            replace(CHANNEL, view_channel=False, connect=False, speak=False),
            "lack the permissions View Channel, Connect and Speak in <#100>",
        ),
        (replace(CHANNEL, connect=False, inside=True), None),
        (FULL, "<#100> is full"),
        (replace(FULL, user_limit=6), None),
        (replace(FULL, user_limit=0), None),
        (replace(FULL, inside=True), None),
        (replace(FULL, move_members=True), None),
        (replace(CHANNEL, timed_out=True, connect=False), "timed out in this server"),
        (replace(CHANNEL, afk=True), "AFK channel"),
        (STAGE, None),
        (replace(STAGE, speak=False), None),
        (replace(STAGE, inside=True), None),
        (replace(STAGE, connect=False), "lack the permission Connect in <#100>"),
        (replace(STAGE, view_channel=False), "lack the permission View Channel in <#100>"),
    ],
)
def test_what_keeps_the_bot_from_speaking_is_named(bot: BotFacts, words: str | None) -> None:
    """A missing permission has the name that Discord's settings use."""
    check(obstacle(bot), words)


def test_denials_are_values() -> None:
    """What is denied can be compared, and is put into words only when it is shown."""
    assert may_skip(ME, WITH_OTHERS, THEIRS) == Denial(code="job-of-present-member", member="8")
    assert may_join(NOWHERE, ALONE) == Denial(code="not-in-voice")


@pytest.mark.parametrize("blocker", Blocker)
def test_what_keeps_the_bot_from_being_heard_has_its_sentence(blocker: Blocker) -> None:
    assert text(blocker).endswith(".")
