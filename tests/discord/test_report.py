"""/voice report: it reaches the server's admins and the operator, and is bounded."""

import pytest
import structlog

from engine.model.voices import Action, Scope, Voice
from sandbox import Member, NotPossible, Permission, Sandbox
from tests.discord.given import Give, requester
from tests.discord.running import Running, RunningClock, until
from tests.discord.scene import Scene, over


@pytest.fixture
async def heard(bot: Running, scene: Scene, give: Give) -> Voice:
    """A private voice of Ada's in which she has spoken, so that Bob has heard it."""
    voice = await give("Secret", scope=Scope.PRIVATE)
    await (await scene.say("Hi.", voice=voice.key)).wait_for(over)
    return voice


@pytest.fixture
def operator(scene: Scene, discord: Sandbox) -> Member:
    """The users to whom the bot can write, because they are on a server with it."""
    return scene.guild.welcome(discord.operator)


async def report(scene: Scene, voice: str, reason: str = "That is my own voice.") -> str:
    return await scene.told("voice report", {"voice": voice, "reason": reason}, by=scene.bob)


async def test_report_of_a_private_voice_reaches_the_servers_owner_and_the_operator(
    scene: Scene, heard: Voice, operator: Member
) -> None:
    told = await report(scene, heard.key)
    assert told.startswith(f"You reported a private voice (#{heard.id}). I am telling the admins")
    to_owner = await scene.guild.owner.dm.wait_for(lambda message: message.content)
    for words in (scene.bob.mention, scene.ada.mention, "That is my own voice.", heard.key):
        assert words in to_owner.content
    assert "`/voice-admin freeze" in to_owner.content
    to_operator = await operator.dm.wait_for(lambda message: message.content)
    assert f"mynah voices freeze {heard.reference}" in to_operator.content
    assert str(scene.guild.id) in to_operator.content
    for words in (told, to_owner.content, to_operator.content):
        assert "Secret" not in words


async def test_report_reaches_the_admins_whom_the_bot_knows(
    bot: Running, scene: Scene, heard: Voice, operator: Member
) -> None:
    """Admins who have decided about voices, and admins in voice; but no former admins."""
    managers = scene.guild.role("Managers", permissions=Permission.MANAGE_GUILD)
    decided, present, unknown, dismissed = (
        scene.guild.member(name, roles=[managers]) for name in ("Dan", "Pia", "Una", "Dis")
    )
    for admin in (decided, dismissed):
        await scene.told("voice-admin allow", {"voices": "all"}, by=admin)
    dismissed.set_roles([])
    await present.join(scene.lounge)
    await report(scene, heard.key)
    for admin in (scene.guild.owner, decided, present):
        message = await admin.dm.wait_for(lambda message: message.content)
        assert "`/voice-admin freeze" in message.content
    await operator.dm.wait_for(lambda message: message.content)  # who is told last
    for other in (unknown, dismissed, scene.bob, scene.ada):
        assert other.dm.messages == []


async def test_report_is_open_until_an_admin_acts(
    scene: Scene, heard: Voice, operator: Member
) -> None:
    await report(scene, heard.key)
    await report(scene, heard.key, "It is mine!")
    owner = scene.guild.owner
    listed = await scene.told("voice-admin list", by=owner)
    assert listed.startswith("2 reports are open: see `/voice-admin audit`.")
    audit_log = await scene.told("voice-admin audit", by=owner)
    assert f"{scene.bob.mention} **reported** a private voice (#{heard.id})" in audit_log
    assert "It is mine!" in audit_log
    await scene.told("voice-admin freeze", {"voice": heard.key}, by=owner)
    assert "open" not in await scene.told("voice-admin list", by=owner)


async def test_report_that_is_not_true_is_closed_by_a_release(
    scene: Scene, heard: Voice, operator: Member
) -> None:
    await report(scene, heard.key)
    owner = scene.guild.owner
    offered = await owner.complete("voice-admin release", "voice", "")
    assert [each["value"] for each in offered] == [heard.key]
    told = await scene.told("voice-admin release", {"voice": heard.key}, by=owner)
    assert "reports of it close" in told
    assert "open" not in await scene.told("voice-admin list", by=owner)


async def test_report_is_kept_when_nobody_takes_direct_messages(
    bot: Running, scene: Scene, discord: Sandbox, heard: Voice
) -> None:
    scene.guild.owner.dm.block()
    with structlog.testing.capture_logs() as logged:
        told = await report(scene, heard.key)  # the operator is on no server with the bot
        untold = {
            "event": "A report could not be sent; it is in the audit log",
            "log_level": "warning",
        }
        await until(
            lambda: sum(untold.items() <= each.items() for each in logged) == 2, "two warnings"
        )
    assert {50007, 50278} <= {each.code for each in discord.rest.requests}
    assert "You reported" in told
    assert "refus" not in told
    (entry, *_) = await bot.registry.moderation.audit(str(scene.guild.id))
    assert entry.action is Action.REPORT
    listed = await scene.told("voice-admin list", by=scene.guild.owner)
    assert listed.startswith("1 report is open")


async def test_five_reports_an_hour_are_taken_also_when_they_come_at_once(
    bot: Running, scene: Scene, clock: RunningClock, heard: Voice, operator: Member
) -> None:
    values = {"voice": heard.key, "reason": "No."}
    asked = [await scene.bob.command("voice report", values) for _ in range(7)]
    told = [(await (await each.answered()).original()).content for each in asked]
    assert sum("You reported" in each for each in told) == 5
    assert sum("within an hour" in each for each in told) == 2
    await clock.advance(3601.0)
    assert "You reported" in await report(scene, heard.key)


async def test_completion_offers_what_was_heard_without_its_name(
    bot: Running, scene: Scene, heard: Voice, give: Give
) -> None:
    shared = await give("Morning", hertz=300)
    await give("Unheard", scope=Scope.PRIVATE, hertz=400)
    others = {"reason": "No."}
    offered = await scene.bob.complete("voice report", "voice", "", others=others)
    assert {each["value"]: each["name"] for each in offered} == {
        shared.key: "Morning · Ada",
        heard.key: f"a private voice (#{heard.id}) · spoken by Ada",
    }
    assert await scene.bob.complete("voice report", "voice", "Secret", others=others) == []


async def test_who_lent_a_voice_is_told_to_the_admins_only(
    bot: Running, scene: Scene, give: Give, operator: Member
) -> None:
    lent = await give("Lent", scope=Scope.PRIVATE)
    await scene.told("voice share", {"voice": lent.key, "add": scene.eve})
    await scene.eve.join(scene.lounge)
    await (await scene.say("Hi.", voice=lent.key, by=scene.eve)).wait_for(over)
    offered = await scene.bob.complete("voice report", "voice", "", others={"reason": "No."})
    assert [each["name"] for each in offered] == [f"a private voice (#{lent.id}) · spoken by Eve"]
    told = await report(scene, lent.key)
    assert scene.ada.mention not in told
    to_owner = await scene.guild.owner.dm.wait_for(lambda message: message.content)
    assert scene.ada.mention in to_owner.content


async def test_voice_that_was_not_heard_here_cannot_be_reported_or_guessed(
    scene: Scene, give: Give, heard: Voice
) -> None:
    unheard = await give("Unheard", scope=Scope.PRIVATE, hertz=400)
    for typed in (unheard.key, "Unheard", "Secret", "@999"):
        assert await report(scene, typed) == (
            "There is no such voice here. Choose one of those that are offered as you type."
        )


async def test_words_of_a_report_are_shown_as_they_were_typed(
    scene: Scene, heard: Voice, operator: Member
) -> None:
    await report(scene, heard.key, "@everyone **look** https://example.com\n# now")
    to_owner = await scene.guild.owner.dm.wait_for(lambda message: message.content)
    assert r"\*\*look\*\*" in to_owner.content
    assert "https://" not in to_owner.content
    with pytest.raises(NotPossible):
        await report(scene, heard.key, "x" * 501)


async def test_voice_that_is_frozen_here_can_be_reported_all_the_same(
    bot: Running, scene: Scene, heard: Voice, operator: Member
) -> None:
    await bot.registry.moderation.freeze(requester(scene.guild.owner), heard.key)
    assert "You reported" in await report(scene, heard.key)
    await operator.dm.wait_for(lambda message: message.content)
