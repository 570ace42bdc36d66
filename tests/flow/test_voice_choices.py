"""Which voice a text is spoken in: typed, chosen here, chosen everywhere, the server's, the
engine's own."""

import pytest

from engine.model.errors import NotAllowed, UnknownVoice
from engine.model.voices import Requester, Scope, Voice
from engine.voices.selection import VoiceSelection
from tests.flow.voices import ADA, ADMIN, BOB, Voices

THERE = Requester(member="ada", place="there")
PRIVATELY = Requester(member="ada", place=None)


def spoken(voice: Voice, *, typed: bool = False) -> VoiceSelection:
    return VoiceSelection(
        voice=voice.key, reference=voice.reference, style=voice.style, typed=typed
    )


async def test_each_goes_before_the_next(voices: Voices) -> None:
    registry = await voices.open()
    default = await voices.upload(BOB, "Default", Scope.SERVER)
    everywhere = await voices.upload(ADA, "Everywhere")
    here = await voices.upload(ADA, "Here")
    typed = await voices.upload(ADA, "Typed")
    assert await registry.selection.chosen(ADA, None) == VoiceSelection(voice="")
    await registry.moderation.set_default(ADMIN, default.key)
    assert await registry.selection.chosen(ADA, None) == spoken(default)
    await registry.selection.choose(ADA, everywhere.key, everywhere=True)
    assert await registry.selection.chosen(ADA, None) == spoken(everywhere)
    await registry.selection.choose(ADA, here.key, everywhere=False)
    assert await registry.selection.chosen(ADA, None) == spoken(here)
    assert await registry.selection.chosen(THERE, None) == spoken(everywhere)
    assert await registry.selection.chosen(PRIVATELY, "") == spoken(everywhere)
    assert await registry.selection.chosen(ADA, "typed") == spoken(typed, typed=True)
    await registry.selection.choose(ADA, None, everywhere=False)
    assert await registry.selection.chosen(ADA, None) == spoken(everywhere)
    assert await registry.selection.choices("ada") == {"": everywhere.key}


async def test_choices_outlive_a_restart(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    await registry.selection.choose(ADA, voice.key, everywhere=True)
    registry = await voices.restart()
    assert await registry.selection.chosen(ADA, None) == spoken(voice)


async def test_choice_that_may_not_be_used_any_more_is_passed_over(voices: Voices) -> None:
    registry = await voices.open()
    shared = await voices.upload(BOB, "Shared", Scope.SERVER)
    await registry.selection.choose(ADA, shared.key, everywhere=False)
    await registry.selection.choose(ADA, "de", everywhere=True)
    assert await registry.selection.chosen(ADA, None) == spoken(shared)
    await registry.moderation.freeze(ADMIN, shared.key)
    assert await registry.selection.chosen(ADA, None) == VoiceSelection(voice="de")
    await registry.moderation.release(ADMIN, shared.key)
    await registry.owners.delete(BOB, shared.key)
    assert await registry.selection.chosen(ADA, None) == VoiceSelection(voice="de")
    assert await registry.selection.choices("ada") == {"": "de"}


async def test_built_in_voices_are_chosen_by_id_and_typed_by_name_too(voices: Voices) -> None:
    registry = await voices.open()
    assert await registry.selection.chosen(ADA, "de") == VoiceSelection(voice="de", typed=True)
    assert await registry.selection.chosen(ADA, "German") == VoiceSelection(voice="de", typed=True)
    await registry.selection.choose(ADA, "de", everywhere=False)
    assert await registry.selection.chosen(ADA, None) == VoiceSelection(voice="de")
    with pytest.raises(UnknownVoice):
        await registry.selection.choose(ADA, "fr", everywhere=False)
    with pytest.raises(UnknownVoice):
        await registry.selection.chosen(ADA, "fr")


async def test_voice_called_like_a_built_in_one_does_not_take_its_place(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(BOB, "de", Scope.SERVER)
    assert await registry.selection.chosen(ADA, "de") == VoiceSelection(voice="de", typed=True)
    assert await registry.selection.chosen(ADA, voice.key) == spoken(voice, typed=True)


async def test_nobody_chooses_or_types_what_they_may_not_use(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(BOB, "Private")
    for typed in (voice.key, "Private", "@99"):
        with pytest.raises(UnknownVoice):
            await registry.selection.chosen(ADA, typed)
    with pytest.raises(UnknownVoice):
        await registry.selection.choose(ADA, voice.key, everywhere=True)
    with pytest.raises(NotAllowed):
        await registry.selection.choose(PRIVATELY, "de", everywhere=False)


async def test_default_of_a_server_is_for_everyone_there(voices: Voices) -> None:
    registry = await voices.open()
    private = await voices.upload(ADMIN, "Private")
    shared = await voices.upload(BOB, "Shared", Scope.SERVER)
    with pytest.raises(NotAllowed):
        await registry.moderation.set_default(ADMIN, private.key)
    with pytest.raises(UnknownVoice):
        await registry.moderation.set_default(ADMIN, "fr")
    await registry.moderation.set_default(ADMIN, "de")
    assert await registry.selection.chosen(ADA, None) == VoiceSelection(voice="de")
    await registry.moderation.set_default(ADMIN, shared.key)
    assert (await registry.moderation.rules("here")).default_voice == shared.key
    await registry.moderation.remove(ADMIN, shared.key)
    assert (await registry.moderation.rules("here")).default_voice is None
    assert await registry.selection.chosen(ADA, None) == VoiceSelection(voice="")


async def test_style_goes_with_the_voice(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    await voices.harness.quiet()  # the engine's info is known
    await registry.owners.style(ADA, voice.key, {"temperature": 0.5, "top_k": 40})
    assert (await registry.selection.chosen(ADA, "Ada")).style == {"temperature": 0.5, "top_k": 40}
    await registry.owners.style(ADA, voice.key, {"temperature": None})
    assert (await registry.selection.chosen(ADA, "Ada")).style == {"top_k": 40}
