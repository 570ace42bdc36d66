"""/voice-admin: what the admins of a server see and decide about voices."""

from typing import Any

import pytest

from engine.model.jobs import EndReason
from engine.model.voices import Scope
from sandbox import NotPossible, Permission, Sandbox
from tests.discord.conftest import Start
from tests.discord.given import Give, requester
from tests.discord.running import Running
from tests.discord.scene import LONG, Scene, job_of, over


async def admin(scene: Scene, path: str, values: dict[str, Any] | None = None) -> str:
    """What Home's owner is told by a command."""
    return await scene.told(f"voice-admin {path}", values, by=scene.guild.owner)


async def choices(scene: Scene, path: str, typed: str = "") -> dict[str, str]:
    """The completions for Home's owner: labels by value."""
    found = await scene.guild.owner.complete(f"voice-admin {path}", "voice", typed)
    return {each["value"]: each["name"] for each in found}


# Who may


async def test_client_offers_it_to_who_manages_the_server_only(bot: Running, scene: Scene) -> None:
    with pytest.raises(NotPossible):
        await scene.ada.command("voice-admin list", channel=scene.text)
    assert "allowed" in await admin(scene, "list")


async def test_member_whom_the_client_lets_use_it_is_refused_all_the_same(
    bot: Running, scene: Scene, discord: Sandbox, give: Give
) -> None:
    voice = await give("Morning", owner=scene.bob)
    registered = discord.commands.find(scene.guild.id, "voice-admin")
    assert registered is not None
    registered["default_member_permissions"] = None  # an override in the server's settings
    for path, values in (
        ("list", {}),
        ("remove", {"voice": voice.key}),
        ("freeze", {"voice": voice.key}),
        ("release", {"voice": voice.key}),
        ("default", {"voice": "none"}),
        ("uploads", {}),
        ("allow", {"voices": "none"}),
        ("audit", {}),
    ):
        told = await scene.told(f"voice-admin {path}", values)
        assert "Manage Server" in told, path
        assert voice.name not in told
    assert await scene.ada.complete("voice-admin freeze", "voice", "") == []
    assert await scene.ada.complete("voice-admin default", "voice", "") == []


async def test_role_with_manage_server_is_enough_as_long_as_one_has_it(
    bot: Running, scene: Scene
) -> None:
    role = scene.guild.role("Keepers", permissions=Permission.MANAGE_GUILD)
    scene.eve.set_roles([role])
    assert "allowed" in await scene.told("voice-admin list", by=scene.eve)


async def test_below_a_command_of_the_operators_choice_it_asks_for_manage_server_too(
    scene: Scene, start: Start
) -> None:
    await start(mynah_command_group="mynah")
    assert "Manage Server" in await scene.told("mynah voice-admin list")
    assert "allowed" in await scene.told("mynah voice-admin list", by=scene.guild.owner)


# What they see


async def test_list_names_what_all_may_use_and_hides_the_names_of_private_voices(
    bot: Running, scene: Scene, give: Give
) -> None:
    await give("Morning")
    secret = await give("Secret", scope=Scope.PRIVATE, hertz=300)
    unheard = await give("Unheard", scope=Scope.PRIVATE, hertz=400)
    await (await scene.say("Hi.", voice=secret.key)).wait_for(over)
    told = await admin(scene, "list")
    assert f"**Morning** (#1) of {scene.ada.mention}: shared with this server" in told
    assert f"a private voice (#{secret.id}) of {scene.ada.mention}: spoken here" in told
    assert "Secret" not in told
    assert "Unheard" not in told
    assert f"#{unheard.id}" not in told


async def test_list_goes_on_on_further_pages(bot: Running, scene: Scene, give: Give) -> None:
    for number in range(10):
        await give(f"Ada's {number}", hertz=200 + number)
        await give(f"Bob's {number}", hertz=300 + number, owner=scene.bob)
    first, second = await admin(scene, "list"), await admin(scene, "list", {"page": 2})
    assert "Page 1 of 2" in first
    assert "Ada's 0" in first
    assert "Ada's 0" not in second
    assert "Bob's 9" in second


async def test_completion_offers_ids_of_the_voices_that_a_command_applies_to(
    bot: Running, scene: Scene, give: Give
) -> None:
    shared = await give("Morning")
    secret = await give("Secret", scope=Scope.PRIVATE, hertz=300)
    await (await scene.say("Hi.", voice=secret.key)).wait_for(over)
    assert await choices(scene, "remove") == {shared.key: "Morning · Ada"}
    assert await choices(scene, "freeze") == {
        shared.key: "Morning · Ada",
        secret.key: f"a private voice (#{secret.id}) · Ada",
    }
    assert await choices(scene, "release") == {}
    await admin(scene, "freeze", {"voice": secret.key})
    assert list(await choices(scene, "release")) == [secret.key]
    assert list(await choices(scene, "freeze")) == [shared.key]
    offered = await choices(scene, "default")
    assert secret.key not in offered
    assert {"none", shared.key} < set(offered)
    assert await choices(scene, "default", "engl") != {}


# What they decide


async def test_freeze_ends_what_waits_and_lasts_until_release(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    await scene.told("join")
    await scene.told("pause")
    waiting = [await scene.say("Hi.", voice=voice.key) for _ in range(2)]
    other = await scene.say("Hello.", by=scene.bob)
    told = await admin(scene, "freeze", {"voice": voice.key})
    assert "Frozen: **Morning**" in told
    assert told.endswith("2 waiting texts ended.")
    for message in waiting:
        view = await bot.view(job_of(message), lambda view: view.job.state.final)
        assert view.job.ended_by is EndReason.VOICE_GONE
        await message.wait_for(over, timeout=15.0)
        assert "frozen" in message.content
        assert "Morning" not in message.content
    assert not (await bot.speech.view(job_of(other))).job.state.final
    assert "no such voice" in (await scene.told("say", {"text": "Hi.", "voice": voice.key})).lower()
    assert "**frozen**" in await admin(scene, "list")

    assert "may be spoken here again" in await admin(scene, "release", {"voice": voice.key})
    await scene.say("Hi.", voice=voice.key)


async def test_removed_voice_is_its_owners_alone(bot: Running, scene: Scene, give: Give) -> None:
    voice = await give("Morning")
    await scene.told("join")
    await scene.told("pause")
    adas = await scene.say("Hi.", voice=voice.key)
    bobs = await scene.say("Hello.", voice=voice.key, by=scene.bob)
    told = await admin(scene, "remove", {"voice": "morning"})
    assert "only its owner may use **Morning**" in told
    assert told.endswith("1 waiting text ended.")
    assert (await bot.speech.view(job_of(bobs))).job.ended_by is EndReason.VOICE_GONE
    assert not (await bot.speech.view(job_of(adas))).job.state.final
    again = await admin(scene, "remove", {"voice": voice.key})
    assert "not shared with this server" in again


async def test_default_is_what_members_speak_in_who_chose_nothing(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    told = await admin(scene, "default", {"voice": voice.key})
    assert "now speak in **Morning**" in told
    message = await scene.say("Hi.", by=scene.bob)
    assert (await bot.speech.view(job_of(message))).job.voice == voice.key
    assert "Default: **Morning**" in await admin(scene, "list")
    assert "the engine's own voice" in await admin(scene, "default", {"voice": "none"})
    message = await scene.say("Hi.", by=scene.bob)
    assert (await bot.speech.view(job_of(message))).job.voice == ""


async def test_default_can_be_a_voice_of_the_engine(bot: Running, scene: Scene) -> None:
    value = next(iter(await choices(scene, "default", "german")))
    await admin(scene, "default", {"voice": value})
    message = await scene.say("Hi.")
    assert (await bot.speech.view(job_of(message))).job.voice == value


async def test_default_must_be_for_everyone(bot: Running, scene: Scene, give: Give) -> None:
    secret = await give("Secret", scope=Scope.PRIVATE)
    await (await scene.say("Hi.", voice=secret.key)).wait_for(over)
    told = await admin(scene, "default", {"voice": secret.key})
    assert "no such voice" in told.lower()
    assert "Secret" not in told


async def test_allow_ends_what_it_forbids(bot: Running, scene: Scene, give: Give) -> None:
    shared = await give("Morning")
    secret = await give("Secret", scope=Scope.PRIVATE, hertz=300)
    await scene.told("join")
    await scene.told("pause")
    in_shared = await scene.say("Hi.", voice=shared.key)
    in_secret = await scene.say("Hi.", voice=secret.key)
    told = await admin(scene, "allow", {"voices": "shared"})
    assert told.endswith("1 waiting text ended.")
    assert (await bot.speech.view(job_of(in_secret))).job.ended_by is EndReason.VOICE_GONE
    told = await admin(scene, "allow", {"voices": "none"})
    assert told.startswith("Cloned voices may not be spoken here.")
    assert (await bot.speech.view(job_of(in_shared))).job.ended_by is EndReason.VOICE_GONE
    assert "not allowed" in await admin(scene, "list")
    await admin(scene, "allow", {"voices": "all"})
    await scene.say("Hi.", voice=secret.key)


async def test_uploads_can_be_limited_to_a_role(bot: Running, scene: Scene) -> None:
    role = scene.guild.role("Voices")
    told = await admin(scene, "uploads", {"role": role})
    assert f"Members with <@&{role.id}> may upload" in told
    assert (await bot.registry.moderation.rules(str(scene.guild.id))).uploaders == str(role.id)
    assert f"Only <@&{role.id}> may upload" in await admin(scene, "list")
    assert "Everyone" in await admin(scene, "uploads")
    assert "Everyone" in await admin(scene, "uploads", {"role": scene.guild.everyone})
    assert (await bot.registry.moderation.rules(str(scene.guild.id))).uploaders is None


async def test_voice_from_elsewhere_is_not_shared_here_without_the_role(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning", scope=Scope.PRIVATE)  # as if from a direct message
    role = scene.guild.role("Voices")
    await admin(scene, "uploads", {"role": role})
    sharing = {"voice": "Morning", "scope": "server"}
    assert "only members with a certain role" in await scene.told("voice share", sharing)
    assert await bot.registry.selection.get(voice.key) == voice
    scene.ada.set_roles([role])
    assert "shared with this server" in await scene.told("voice share", sharing)


# The audit log


async def test_trail_says_who_did_what_to_which_voice(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    secret = await give("Secret", scope=Scope.PRIVATE, hertz=300, owner=scene.bob)
    await admin(scene, "freeze", {"voice": voice.key})
    await admin(scene, "uploads", {"role": scene.guild.role("Voices")})
    told = await admin(scene, "audit")
    owner = scene.guild.owner.mention
    assert f"{owner} froze **Morning** (#{voice.id}) of {scene.ada.mention}" in told
    assert f"{scene.bob.mention} uploaded a private voice (#{secret.id})" in told
    assert f"{owner} set who may upload: <@&" in told
    assert "Secret" not in told
    of_bob = await admin(scene, "audit", {"member": scene.bob})
    assert len(of_bob.splitlines()) == 1
    of_voice = await admin(scene, "audit", {"voice": voice.key})
    assert "froze" in of_voice
    assert scene.bob.mention not in of_voice


async def test_trail_of_a_voice_outlives_it(bot: Running, scene: Scene, give: Give) -> None:
    voice = await give("Morning")
    await bot.registry.owners.delete(requester(scene.ada), voice.key)
    told = await admin(scene, "audit", {"voice": voice.key})
    assert f"{scene.ada.mention} deleted a deleted voice (#{voice.id})" in told
    assert "Morning" not in told


async def test_trail_goes_on_on_further_pages(bot: Running, scene: Scene, give: Give) -> None:
    voice = await give("Morning")
    for _ in range(20):
        await admin(scene, "freeze", {"voice": voice.key})
        await admin(scene, "release", {"voice": voice.key})
    first, last = await admin(scene, "audit"), await admin(scene, "audit", {"page": 99})
    assert "Page 1 of" in first
    assert "released" in first
    assert "uploaded" in last
    assert len(first) <= 2000


async def test_trail_of_another_server_is_not_shown(
    bot: Running, scene: Scene, discord: Sandbox, give: Give
) -> None:
    await give("Morning")
    other = Scene(discord)
    await bot.bot.wait_until_ready()
    told = await admin(other, "audit")
    assert "Nothing of that kind" in told
    assert "Morning" not in await admin(other, "list")
    assert LONG not in told


async def test_voice_that_is_frozen_does_not_come_back_by_another_upload(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")
    await admin(scene, "freeze", {"voice": voice.key})
    question = await (await scene.command("voice delete", {"voice": "Morning"})).original()
    await scene.ada.press(question, "Delete")
    await question.wait_for(lambda each: "is deleted" in each.content)
    again = await give("Evening")
    told = await scene.told("say", {"text": "Hi.", "voice": again.key})
    assert "There is no such voice" in told
    assert "**frozen**" in await admin(scene, "list")
    assert await choices(scene, "release") == {again.key: "Evening · Ada"}
    await admin(scene, "release", {"voice": again.key})
    await scene.say("Hi.", voice=again.key)
