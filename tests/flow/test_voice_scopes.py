"""A voice that a member may not use does not exist for them."""

import pytest

from engine.model.errors import NotAllowed, UnknownVoice
from engine.model.voices import ClonePolicy, Requester, Scope, Unnamed, Voice
from engine.voices.directory import AmbiguousVoice
from tests.flow.voices import ADA, ADMIN, BOB, EVE, Voices

ELSEWHERE = Requester(member="bob", place="there")
PRIVATELY = Requester(member="bob", place=None)


async def usable(voices: Voices, requester: Requester) -> list[str]:
    return [voice.name for voice in await voices.registry.selection.usable(requester)]


async def words(voices: Voices, requester: Requester, typed: str) -> str:
    with pytest.raises(UnknownVoice) as refused:
        await voices.registry.selection.find(requester, typed)
    return f"{refused.value.code} {dict(refused.value.fields)}"


async def test_private_voice_is_its_owners_everywhere(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    assert await usable(voices, ADA) == ["Ada"]
    assert await usable(voices, Requester(member="ada", place="there")) == ["Ada"]
    assert await usable(voices, Requester(member="ada", place=None)) == ["Ada"]
    assert await usable(voices, BOB) == []
    assert await registry.selection.may_use(ADA, voice.key)
    assert not await registry.selection.may_use(BOB, voice.key)


async def test_shared_voice_is_for_one_server(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER)
    assert await usable(voices, BOB) == ["Ada"]
    assert await usable(voices, ELSEWHERE) == []
    assert await usable(voices, PRIVATELY) == []
    await registry.owners.share(Requester(member="ada", place="there"), voice.key, Scope.SERVER)
    assert await usable(voices, BOB) == []
    assert await usable(voices, ELSEWHERE) == ["Ada"]


async def test_list_of_members(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    await registry.owners.share(ADA, voice.key, Scope.MEMBERS, add="bob")
    shared = await registry.owners.share(ADA, voice.key, Scope.MEMBERS, add="eve")
    assert shared.members == {"bob", "eve"}
    assert await usable(voices, PRIVATELY) == ["Ada"]
    await registry.owners.share(ADA, voice.key, Scope.MEMBERS, remove="bob")
    assert await usable(voices, BOB) == []
    assert await usable(voices, EVE) == ["Ada"]
    # Another scope empties the list: coming back to it gives nobody access by surprise.
    await registry.owners.share(ADA, voice.key, Scope.PRIVATE)
    again = await registry.owners.share(ADA, voice.key, Scope.MEMBERS)
    assert again.members == frozenset()


async def test_nobody_makes_a_voice_public_or_shares_it_with_no_server(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    nowhere = Requester(member="ada", place=None)
    with pytest.raises(NotAllowed):
        await registry.owners.share(ADA, voice.key, Scope.PUBLIC)
    with pytest.raises(NotAllowed):
        await registry.owners.share(nowhere, voice.key, Scope.SERVER)
    with pytest.raises(NotAllowed):
        await voices.upload(ADA, "Public", Scope.PUBLIC)
    with pytest.raises(NotAllowed):
        await voices.upload(nowhere, "Nowhere", Scope.SERVER)
    assert [voice.name for voice in await registry.owners.own("ada")] == ["Ada"]


async def test_only_the_owner_changes_a_voice(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER)
    for act in (
        registry.owners.rename(BOB, voice.key, "Mine"),
        registry.owners.share(BOB, voice.key, Scope.PRIVATE),
        registry.owners.style(BOB, voice.key, {"temperature": 1.0}),
        registry.owners.delete(BOB, voice.key),
        registry.owners.delete(BOB, "Ada"),
    ):
        with pytest.raises(UnknownVoice):
            await act
    assert await registry.selection.get(voice.key) == voice


async def test_what_may_not_be_used_is_refused_like_what_does_not_exist(voices: Voices) -> None:
    await voices.open()
    voice = await voices.upload(ADA)
    told = {await words(voices, BOB, typed) for typed in (voice.key, "Ada", "@99", "Nobody", "@")}
    assert len(told) == 1


async def test_voice_is_found_by_id_and_by_name_however_it_is_typed(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, "Straße")
    for typed in (voice.key, "Straße", "STRASSE", " strasse "):
        assert await registry.selection.find(ADA, typed) == voice
    assert await registry.owners.find_own("ada", "strasse") == voice


async def test_ambiguous_name_lists_its_candidates(voices: Voices) -> None:
    registry = await voices.open()
    own = await voices.upload(ADA, "Echo")
    other = await voices.upload(BOB, "echo", Scope.SERVER)
    await voices.upload(EVE, "Echo")  # private: must not be revealed
    with pytest.raises(AmbiguousVoice) as refused:
        await registry.selection.find(ADA, "ECHO")
    assert refused.value.candidates == (own, other)
    assert refused.value.fields == {"voices": f"{own.key}, {other.key}"}
    assert await registry.selection.find(ADA, other.key) == other


@pytest.mark.parametrize(
    ("cloned", "names"),
    [
        (ClonePolicy.ALL, ["Mine", "Shared"]),
        (ClonePolicy.SHARED, ["Shared"]),
        (ClonePolicy.NONE, []),
    ],
)
async def test_server_allows_all_shared_ones_or_none(
    voices: Voices, cloned: ClonePolicy, names: list[str]
) -> None:
    registry = await voices.open()
    await voices.upload(ADA, "Mine")
    await voices.upload(ADA, "Shared", Scope.SERVER)
    await registry.moderation.allow(ADMIN, cloned)
    assert await usable(voices, ADA) == names
    assert len(await registry.owners.own("ada")) == 2


async def test_frozen_voice_may_not_be_used_there_until_it_is_released(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER)
    await registry.moderation.freeze(ADMIN, voice.key)
    await registry.moderation.freeze(ADMIN, voice.key)  # twice is once
    assert await registry.moderation.frozen("here") == {voice.id}
    assert await usable(voices, ADA) == []
    assert await usable(voices, Requester(member="ada", place="there")) == ["Ada"]
    assert await registry.owners.own("ada") == [voice]  # to delete it, say
    await registry.moderation.release(ADMIN, voice.key)
    assert await usable(voices, ADA) == ["Ada"]


async def test_admin_sees_and_freezes_what_concerns_the_server_only(voices: Voices) -> None:
    registry = await voices.open()
    unseen = await voices.upload(ADA, "Unseen")
    spoken = await voices.upload(ADA, "Spoken")
    shared = await voices.upload(BOB, "Shared", Scope.SERVER)
    await voices.say(ADA, spoken)
    assert await registry.moderation.seen("here") == [spoken, shared]
    assert await registry.moderation.seen("there") == []
    with pytest.raises(UnknownVoice):
        await registry.moderation.freeze(ADMIN, unseen.key)
    await registry.moderation.freeze(ADMIN, spoken.key)
    with pytest.raises(NotAllowed):
        await registry.moderation.remove(ADMIN, spoken.key)
    await registry.moderation.remove(ADMIN, shared.key)
    assert await registry.moderation.seen("here") == [spoken]
    assert await usable(voices, EVE) == []


async def test_name_is_shown_where_everyone_may_use_the_voice(voices: Voices) -> None:
    registry = await voices.open()

    async def shown(voice: Voice, lane: str = "here") -> str | Unnamed | None:
        return await registry.selection.shown_name(voice.key, lane)

    voice = await voices.upload(ADA, scope=Scope.SERVER)
    assert await shown(voice) == "Ada"
    assert await shown(voice, "there") is Unnamed.PRIVATE
    await registry.owners.share(ADA, voice.key, Scope.MEMBERS, add="bob")
    assert await shown(voice) is Unnamed.PRIVATE
    await registry.owners.delete(ADA, voice.key)
    assert await shown(voice) is Unnamed.PRIVATE
    assert await registry.selection.shown_name("en", "here") is None
    assert await registry.selection.shown_name("", "here") is None


async def test_followers_are_told_which_voice_changed(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    follower = registry.subscribe()
    await registry.owners.rename(ADA, voice.key, "Other")
    assert await anext(follower) == voice.key
    await voices.say(ADA, voice)
    for decision in (
        registry.moderation.freeze(ADMIN, voice.key),  # and those of the same recording
        registry.moderation.release(ADMIN, voice.key),
        registry.moderation.allow(ADMIN, ClonePolicy.NONE),
    ):
        await decision
        assert await anext(follower) == ""


async def test_renamed_voice_keeps_its_id_and_frees_its_name(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    renamed = await registry.owners.rename(ADA, voice.key, "  Countess  of L. ")
    assert (renamed.key, renamed.name) == (voice.key, "Countess of L.")
    assert (await registry.owners.rename(ADA, voice.key, "COUNTESS OF L.")).name == "COUNTESS OF L."
    assert (await voices.upload(ADA, sound="another")).name == "Ada"


async def test_frozen_recording_stays_frozen_when_its_owner_gives_it_again(voices: Voices) -> None:
    registry = await voices.open()
    first = await voices.upload(ADA, scope=Scope.SERVER, sound="the same")
    bobs = await voices.upload(BOB, sound="the same")
    await registry.moderation.freeze(ADMIN, first.key)
    second = await voices.upload(ADA, "Another name", sound="the same")
    assert not await registry.selection.may_use(ADA, second.key)
    await registry.owners.delete(ADA, first.key)
    await registry.owners.delete(ADA, second.key)
    await voices.restart()
    again = await voices.upload(ADA, scope=Scope.SERVER, sound="the same")
    for requester in (ADA, BOB, EVE):
        assert not await voices.registry.selection.may_use(requester, again.key)
    # A freeze holds for the recording: Bob's voice of it is frozen as well.
    assert await voices.registry.moderation.frozen("here") == {again.id, bobs.id}
    assert not await voices.registry.selection.may_use(BOB, bobs.key)
    assert await voices.registry.selection.may_use(Requester(member="bob", place="there"), bobs.key)
    assert await voices.registry.selection.may_use(
        Requester(member="ada", place="there"), again.key
    )
    await voices.registry.moderation.release(ADMIN, again.key)
    assert await voices.registry.selection.may_use(BOB, again.key)
    assert await voices.registry.selection.may_use(BOB, bobs.key)
    await voices.registry.owners.delete(ADA, again.key)
    released = await voices.upload(ADA, sound="the same")
    assert await voices.registry.selection.may_use(ADA, released.key)


async def test_frozen_recording_stays_frozen_when_its_owner_has_all_deleted(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, sound="the same")
    await voices.say(ADA, voice)
    await registry.moderation.freeze(ADMIN, voice.key)
    bobs = await voices.upload(BOB, sound="the same")
    await registry.erasure.erase("ada")
    assert not await registry.selection.may_use(BOB, bobs.key)
    again = await voices.upload(ADA, sound="the same")
    assert not await registry.selection.may_use(ADA, again.key)
    assert [each.id for each in await registry.moderation.seen("here")] == [bobs.id, again.id]
    await registry.moderation.release(ADMIN, again.key)
    assert await registry.selection.may_use(ADA, again.key)
    assert await registry.selection.may_use(BOB, bobs.key)


async def test_owner_without_any_voice_left_has_not_lost_a_freeze_either(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, sound="the same")
    await voices.say(ADA, voice)
    await registry.moderation.freeze(ADMIN, voice.key)
    await registry.owners.delete(ADA, voice.key)
    await registry.erasure.erase("ada")
    again = await voices.upload(ADA, sound="the same")
    assert not await registry.selection.may_use(ADA, again.key)


async def test_changed_recording_of_the_operators_stays_frozen(voices: Voices) -> None:
    registry = await voices.open()
    voice = await registry.operator_voices.publish("Narrator", voices.analyzed("one"))
    await registry.moderation.freeze(ADMIN, voice.key)
    await registry.operator_voices.publish("Narrator", voices.analyzed("two"))
    assert not await registry.selection.may_use(ADA, voice.key)
    await registry.operator_voices.unpublish("Narrator")
    again = await registry.operator_voices.publish("Teller", voices.analyzed("one"))
    assert not await registry.selection.may_use(ADA, again.key)
