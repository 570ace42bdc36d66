"""Which voice a text is spoken in: typed, chosen here, chosen everywhere, the server's, the
engine's own."""

import pytest

from engine.errors import NotAllowed, UnknownVoice
from engine.voices.library import Spoken
from engine.voices.voice import Asker, Scope, Voice
from tests.flow.voices import ADA, ADMIN, BOB, Voices

THERE = Asker(member="ada", lane="there")
PRIVATELY = Asker(member="ada", lane=None)


def spoken(voice: Voice, *, typed: bool = False) -> Spoken:
    return Spoken(voice=voice.key, reference=voice.reference, style=voice.style, typed=typed)


async def test_each_goes_before_the_next(voices: Voices) -> None:
    library = await voices.open()
    default = await voices.upload(BOB, "Default", Scope.SERVER)
    everywhere = await voices.upload(ADA, "Everywhere")
    here = await voices.upload(ADA, "Here")
    typed = await voices.upload(ADA, "Typed")
    assert await library.chosen(ADA, None) == Spoken(voice="")
    await library.set_default(ADMIN, default.key)
    assert await library.chosen(ADA, None) == spoken(default)
    await library.choose(ADA, everywhere.key, everywhere=True)
    assert await library.chosen(ADA, None) == spoken(everywhere)
    await library.choose(ADA, here.key, everywhere=False)
    assert await library.chosen(ADA, None) == spoken(here)
    assert await library.chosen(THERE, None) == spoken(everywhere)
    assert await library.chosen(PRIVATELY, "") == spoken(everywhere)
    assert await library.chosen(ADA, "typed") == spoken(typed, typed=True)
    await library.choose(ADA, None, everywhere=False)
    assert await library.chosen(ADA, None) == spoken(everywhere)
    assert await library.choices("ada") == {"": everywhere.key}


async def test_choices_outlive_a_restart(voices: Voices) -> None:
    library = await voices.open()
    voice = await voices.upload(ADA)
    await library.choose(ADA, voice.key, everywhere=True)
    library = await voices.restart()
    assert await library.chosen(ADA, None) == spoken(voice)


async def test_choice_that_may_not_be_used_any_more_is_passed_over(voices: Voices) -> None:
    library = await voices.open()
    shared = await voices.upload(BOB, "Shared", Scope.SERVER)
    await library.choose(ADA, shared.key, everywhere=False)
    await library.choose(ADA, "de", everywhere=True)
    assert await library.chosen(ADA, None) == spoken(shared)
    await library.freeze(ADMIN, shared.key)
    assert await library.chosen(ADA, None) == Spoken(voice="de")
    await library.release(ADMIN, shared.key)
    await library.delete(BOB, shared.key)
    assert await library.chosen(ADA, None) == Spoken(voice="de")
    assert await library.choices("ada") == {"": "de"}


async def test_built_in_voices_are_chosen_by_id_and_typed_by_name_too(voices: Voices) -> None:
    library = await voices.open()
    assert await library.chosen(ADA, "de") == Spoken(voice="de", typed=True)
    assert await library.chosen(ADA, "German") == Spoken(voice="de", typed=True)
    await library.choose(ADA, "de", everywhere=False)
    assert await library.chosen(ADA, None) == Spoken(voice="de")
    with pytest.raises(UnknownVoice):
        await library.choose(ADA, "fr", everywhere=False)
    with pytest.raises(UnknownVoice):
        await library.chosen(ADA, "fr")


async def test_voice_called_like_a_built_in_one_does_not_take_its_place(voices: Voices) -> None:
    library = await voices.open()
    voice = await voices.upload(BOB, "de", Scope.SERVER)
    assert await library.chosen(ADA, "de") == Spoken(voice="de", typed=True)
    assert await library.chosen(ADA, voice.key) == spoken(voice, typed=True)


async def test_nobody_chooses_or_types_what_they_may_not_use(voices: Voices) -> None:
    library = await voices.open()
    voice = await voices.upload(BOB, "Private")
    for typed in (voice.key, "Private", "@99"):
        with pytest.raises(UnknownVoice):
            await library.chosen(ADA, typed)
    with pytest.raises(UnknownVoice):
        await library.choose(ADA, voice.key, everywhere=True)
    with pytest.raises(NotAllowed):
        await library.choose(PRIVATELY, "de", everywhere=False)


async def test_default_of_a_server_is_for_everyone_there(voices: Voices) -> None:
    library = await voices.open()
    private = await voices.upload(ADMIN, "Private")
    shared = await voices.upload(BOB, "Shared", Scope.SERVER)
    with pytest.raises(NotAllowed):
        await library.set_default(ADMIN, private.key)
    with pytest.raises(UnknownVoice):
        await library.set_default(ADMIN, "fr")
    await library.set_default(ADMIN, "de")
    assert await library.chosen(ADA, None) == Spoken(voice="de")
    await library.set_default(ADMIN, shared.key)
    assert (await library.rules("here")).default_voice == shared.key
    await library.remove(ADMIN, shared.key)
    assert (await library.rules("here")).default_voice is None
    assert await library.chosen(ADA, None) == Spoken(voice="")


async def test_style_goes_with_the_voice(voices: Voices) -> None:
    library = await voices.open()
    voice = await voices.upload(ADA)
    await voices.house.quiet()  # the engine's card is known
    await library.style(ADA, voice.key, {"temperature": 0.5, "top_k": 40})
    assert (await library.chosen(ADA, "Ada")).style == {"temperature": 0.5, "top_k": 40}
    await library.style(ADA, voice.key, {"temperature": None})
    assert (await library.chosen(ADA, "Ada")).style == {"top_k": 40}
