"""eSpeak NG: every voice speaks at one loudness, any text is safe, and it stops on request."""

import asyncio
from contextlib import aclosing

import numpy as np
import pytest

from engine.model.engine import SynthesisRequest
from engine.model.errors import SynthesisFailed
from engine.tts.audio.pcm import SPEECH_LOUDNESS, Pcm, loudness
from engine.tts.engines.espeak import EspeakSynthesizer, language_tag, safe
from mynah.testing.clocks import ManualClock
from tests.process.hosts import hear, packets_in, ready_client, within_patience

SENTENCES = {
    "en-us": "Hello everyone, I think we should meet again tomorrow. Is that fine with you?",
    "en-us+f3": "Hello everyone, I think we should meet again tomorrow. Is that fine with you?",
    "en-us+whisper": "Hello everyone, I think we should meet again tomorrow at the usual place.",
    "de": "Hallo zusammen, ich glaube, wir sollten uns morgen wieder am üblichen Ort treffen.",
    "fr-fr": "Bonjour à tous, je pense que nous devrions nous retrouver demain. Ça vous va ?",
    "ru": "Всем привет, я думаю, нам стоит встретиться завтра на обычном месте.",
    "cmn": "大家好，我觉得我们明天应该在老地方再见面。你们觉得可以吗？",
    "ar": "مرحبا بالجميع، أعتقد أننا يجب أن نلتقي غدا في المكان المعتاد.",
}

SENTENCE = "The quick brown fox jumps over the lazy dog, and then it rests a while."

UNUSUAL = {
    "nothing but emoji": "😀🎉👨‍👩‍👧‍👦🏳️‍🌈",
    "nothing but punctuation": "?!…—;:,.()",
    "control characters": "a\x00b\x01c\x1b[31md\x7f\u0085e",
    "commands embedded in the text": "\x0199P\x0180S\x01V hello",
    "lone surrogates": "a\ud800b",
    "right to left": "مرحبا \u202eabc\u202c שלום",
    "mixed scripts": "Hello мир 世界 नमस्ते สวัสดี 안녕 Γειά",
    "marks without end": "e" + "\u0301\u0489" * 1000,
    "a word without end": "a" * 4000,
    "ideographs without end": "語" * 4000,
    "digits without end": "9" * 400,
    "phonemes": "[[h@l'oU]] [[" * 20,
    "SSML": "<speak><break time='60s'/><audio src='/etc/passwd'/>hello</speak>",
    "entities": "&amp;&#x1;&lt;",
    "line ends": "one\r\n\r\ntwo\u2028three",
    "private use and unassigned": "\ue000\U000f0000\u0378 x",
    "what crashed the library once": "` ] ⓜ ⣟ 𝓗",
}


async def spoken(
    text: str, voice: str = "en-us", *, engine: EspeakSynthesizer | None = None, **style: float
) -> Pcm:
    """All of the engine's sound for `text`."""
    engine = engine or EspeakSynthesizer()
    request = SynthesisRequest(text=text, voice=voice, style=style)
    async with aclosing(engine.synthesize(request)) as pieces:
        sound = [piece async for piece in pieces]
    return Pcm(np.concatenate([piece.samples for piece in sound]), sound[0].rate)


@pytest.mark.parametrize(("voice", "text"), SENTENCES.items())
async def test_every_voice_speaks_at_about_one_loudness(voice: str, text: str) -> None:
    assert loudness(await spoken(text, voice)) == pytest.approx(SPEECH_LOUDNESS, abs=1.5)


async def test_every_voice_of_the_info_speaks() -> None:
    engine = EspeakSynthesizer()
    levels = {
        voice.id: loudness(await spoken("1 20 3. hello hello hello", voice.id, engine=engine))
        for voice in engine.describe().voices
        if "+" not in voice.id or voice.language.startswith("en")
    }
    assert len(levels) > 130
    assert {id_ for id_, level in levels.items() if abs(level - SPEECH_LOUDNESS) > 4} == set()


async def test_voices_have_names_for_people_and_tags_for_machines() -> None:
    info = EspeakSynthesizer().describe()
    voices = {voice.id: voice for voice in info.voices}
    assert len(voices) == len(info.voices)
    assert len({voice.name for voice in info.voices}) == len(info.voices)
    default = voices[info.default_voice]
    assert (default.name, default.language) == ("English (America)", "en-US")
    assert voices["de+f3"].name == "German, female"


@pytest.mark.parametrize(
    ("listed", "tag"),
    [
        ("en-us", "en-US"),
        ("cmn-latn-pinyin", "cmn-Latn-pinyin"),
        ("en-gb-x-rp", "en-GB-x-rp"),
        ("chr-US-Qaaa-x-west", "chr-US-Qaaa-x-west"),
        ("es-419", "es-419"),
        ("de", "de"),
    ],
)
def test_language_tags_are_written_as_others_write_them(listed: str, tag: str) -> None:
    assert language_tag(listed) == tag


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_what_remains_of_an_unusual_text_is_plain(text: str) -> None:
    left = safe(text)
    assert left.isprintable() or "\u200d" in left
    assert not set(left) & set("[]<>{}|\\^`\x01")
    assert max(map(len, left.split()), default=0) <= 60
    left.encode()


async def test_unusual_texts_are_spoken_or_refused_and_the_host_lives() -> None:
    refused = set()
    async with ready_client("espeak") as client:
        pid = client.pid
        for name, text in UNUSUAL.items():
            for voice in ("en-us", "vi", "ar"):
                try:
                    assert packets_in(await hear(client, text[:100], voice))
                except SynthesisFailed:
                    refused.add(name)
        assert client.pid == pid
    assert refused == {"nothing but emoji", "nothing but punctuation"}


@pytest.mark.parametrize("text", ["a" * 4000, "語" * 4000, "e\u0301" * 2000, "9" * 4000])
async def test_four_thousand_characters_without_a_space_begin_to_sound(text: str) -> None:
    request = SynthesisRequest(text=text, voice="en-us")
    async with aclosing(EspeakSynthesizer().synthesize(request)) as pieces:
        assert (await within_patience(anext(pieces))).seconds > 0


async def test_markup_is_never_obeyed() -> None:
    phonemes = await spoken("[[h@l'oU]]")
    same_words = await spoken("h@l'oU")
    assert phonemes.seconds == pytest.approx(same_words.seconds, abs=0.01)
    pause = await spoken("<break time='60s'/> hello")
    assert pause.seconds < 10


async def test_speed_and_pitch_change_the_voice() -> None:
    normal = await spoken(SENTENCE)
    assert (await spoken(SENTENCE, speed=2.0)).seconds < 0.7 * normal.seconds
    assert (await spoken(SENTENCE, speed=0.5)).seconds > 1.5 * normal.seconds
    low, high = await spoken(SENTENCE, pitch=0.5), await spoken(SENTENCE, pitch=1.9)
    assert melody(high) > 1.2 * melody(low)


def melody(sound: Pcm) -> float:
    """The usual fundamental frequency in hertz: the lag at which each tenth of a second repeats
    itself best."""
    size = sound.rate // 10
    shortest, longest = sound.rate // 350, sound.rate // 60
    lags = []
    for at in range(0, len(sound.samples) - size, size):
        part = sound.samples[at : at + size]
        repeats = np.correlate(part, part, "full")[size - 1 :]
        lags.append(shortest + int(repeats[shortest:longest].argmax()))
    return sound.rate / float(np.median(lags))


@pytest.mark.parametrize("speed", [0.1, 5.0, float("nan"), "fast", True])
async def test_a_style_out_of_its_range_is_refused_with_the_range(speed: object) -> None:
    request = SynthesisRequest(text="hello", voice="en-us", style={"speed": speed})
    with pytest.raises(SynthesisFailed) as refusal:
        await anext(EspeakSynthesizer().synthesize(request))
    assert refusal.value.code == "style-out-of-range"
    assert refusal.value.fields == {"kind": "number", "style": "speed", "least": 0.5, "most": 2.0}


@pytest.mark.parametrize("text", ["", " ", "\x01\x02", "\u200d"])
async def test_a_text_with_nothing_to_speak_is_refused(text: str) -> None:
    with pytest.raises(SynthesisFailed):
        await spoken(text)


async def test_closing_the_stream_stops_the_library_at_once() -> None:
    engine = EspeakSynthesizer()
    request = SynthesisRequest(text=SENTENCE * 100, voice="en-us")
    stream = engine.synthesize(request)
    first = await anext(stream)
    await within_patience(stream.aclose())
    # The engine's one thread is free again: it speaks the next text from its beginning.
    assert first.seconds < 0.1
    assert (await within_patience(spoken("hello", engine=engine))).seconds < 2


async def test_texts_are_spoken_one_after_the_other_and_never_mixed() -> None:
    engine = EspeakSynthesizer()
    alone = {text: (await spoken(text, engine=engine)).seconds for text in ("one", SENTENCE)}
    together = await asyncio.gather(
        *(spoken(text, engine=engine) for text in ("one", SENTENCE) * 3)
    )
    for text, sound in zip(("one", SENTENCE) * 3, together, strict=True):
        assert sound.seconds == pytest.approx(alone[text], abs=0.05)


async def test_the_pace_is_the_real_time_factor_at_which_sound_arrives() -> None:
    clock = ManualClock()
    engine = EspeakSynthesizer(pace=0.5, clock=clock)
    began = clock.monotonic()
    arrived: list[tuple[float, float]] = []  # when, and how much sound until then

    async def listen() -> None:
        request = SynthesisRequest(text=SENTENCE, voice="en-us")
        sound = 0.0
        async with aclosing(engine.synthesize(request)) as pieces:
            async for piece in pieces:
                sound += piece.seconds
                arrived.append((clock.monotonic() - began, sound))

    listening = asyncio.create_task(listen())
    while not listening.done():
        await clock.advance(0.01)
        await asyncio.sleep(0.001)  # the library's thread runs on the machine's own clock
    await listening
    assert all(when >= 0.5 * sound - 1e-6 for when, sound in arrived)
    assert len(arrived) > 20
