"""The embedded engine: eSpeak NG. It speaks on any machine at once, in 140 languages.

Measured: first sound 0.3 ms after the call, about 1,000 times faster than it is played. The same
text twice is not the same to the bit (the voice's flutter continues from where it was), but equally
long within 1 ms, so that one attempt can continue where another broke off.
"""

import asyncio
import functools
import itertools
import unicodedata
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np

from engine.base.clock import Clock, SystemClock
from engine.model.engine import BuiltinVoice, EngineInfo, StyleOption, SynthesisRequest
from engine.model.errors import SynthesisFailed
from engine.tts.audio.pcm import Pcm, Samples, gain_to_speech, loudness
from engine.tts.engines.base import SpeakerEmbedding
from engine.tts.engines.espeak_library import Listed, SpeechStyle, library
from engine.tts.engines.threads import ThreadChannel

DEFAULT_VOICE: Final = "en-us"
#: eSpeak's own variants of a voice that deserve a place in a list of 25: what is added to the
#: voice's id, and to its name.
VARIANTS: Final[Mapping[str, str]] = {"f3": "female", "m7": "deep", "whisper": "whisper"}
#: About 12 s of speech. A rejoin repeats a chunk and other servers wait for one, so chunks should
#: be short; eSpeak's melody does not reach beyond a sentence, so they can be.
MOST_CHARACTERS: Final = 200

#: The library lists them, but the wheel holds no dictionary for them: they speak no word.
_MUTE: Final = frozenset({"art/xex", "gmq/fo", "trk/kaa"})
_TAGS: Final[Mapping[str, str]] = {"piqd": "tlh"}  # Klingon, listed by its script
STYLES: Final = tuple(
    StyleOption(name=name, kind="number", least=0.5, most=2.0, default=1.0)
    for name in ("speed", "pitch")
)
#: Texts that measure a voice's level. Numbers are words in every language, and these come within
#: 1.3 dB of the level of sentences (eleven voices in nine languages; single digits missed by 2).
#: Three voices (Cherokee, Chuvash and Sindarin) know no numbers, but read any word.
_LEVEL_TEXTS: Final = ("29 53 75 18 46. 31 92 64?", "hello hello hello")
_PIECES_AHEAD: Final = 16  # of 40 ms each, not taken yet
_RATE, _PITCH = 175, 50  # eSpeak's own defaults
_JOINERS: Final = "\u200c\u200d"  # they shape words in Indic scripts, and emoji
#: Signs that eSpeak speaks or heeds; each was tried with all voices. Others crash some voices: "`"
#: the Vietnamese ones, braille the Arabic, a "]" with 160 bytes after it the Sinhala.
_SIGNS: Final = frozenset(
    "!\"#$%&'()*+,-./:;=?@~°§©®±×÷¿¡«»‹›–—‘’‚“”„…•·†‡‰′″⁄←↑→↓−≈≠≤≥∞√♥★☆♪،؛؟।॥。、！？：；「」・٪٫٬؍"
).union(_JOINERS)
#: Letters, their marks, digits, money.
_KINDS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Sc"})
_LONGEST_WORD: Final = 60
_MARKS: Final = 3  # combining marks on one letter
#: Decompositions (Unicode, UAX 44) that change only the look.
_LOOKS: Final = (
    *("<font>", "<circle>", "<square>", "<wide>", "<narrow>", "<fraction>", "<super>", "<sub>"),
    *("<initial>", "<medial>", "<final>", "<isolated>"),
)


class EspeakSynthesizer:
    """One text at a time. `pace` is the real-time factor of delivery: at 0.3 a second of sound
    takes 0.3 s; at 0 it comes as fast as the library can."""

    def __init__(self, *, pace: float = 0.0, clock: Clock | None = None) -> None:
        self._pace = pace
        self._clock = clock or SystemClock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="espeak")
        self._gains: dict[str, float] = {}

    def describe(self) -> EngineInfo:
        voices = _voices()
        return EngineInfo(
            name="espeak",
            version=library().version,
            voices=tuple(voice for voice, _ in voices),
            default_voice=DEFAULT_VOICE,
            languages=tuple(sorted({voice.language for voice, _ in voices})),
            least_characters=1,
            most_characters=MOST_CHARACTERS,
            slots=1,
            clones=False,
            styles=STYLES,
        )

    def load(self) -> None:
        self._gain(_identifiers()[DEFAULT_VOICE])

    def embed_voice(self, reference: Pcm) -> SpeakerEmbedding:
        raise SynthesisFailed("eSpeak cannot clone voices", code="cannot-clone")

    def serialize(self, voice: SpeakerEmbedding) -> bytes:
        raise NotImplementedError("eSpeak cannot clone voices")

    def deserialize(self, serialized: bytes) -> SpeakerEmbedding:
        raise ValueError("eSpeak cannot clone voices")

    def free_memory(self) -> None:
        """It holds nothing that it could free."""

    async def synthesize(
        self, request: SynthesisRequest, voice: SpeakerEmbedding | None = None
    ) -> AsyncGenerator[Pcm, None]:
        identifier = _identifiers().get(request.voice)
        if identifier is None:
            raise SynthesisFailed("eSpeak has no such voice", code="no-such-voice")
        text = safe(request.text)
        if not text:
            raise SynthesisFailed("nothing in the text can be spoken", code="nothing-to-speak")
        speed, pitch = (option.chosen(request.style) or 1.0 for option in STYLES)
        style = SpeechStyle(identifier, round(_RATE * speed), min(99, round(_PITCH * pitch)))
        channel: ThreadChannel[Samples] = ThreadChannel(_PIECES_AHEAD)
        speaking = asyncio.get_running_loop().run_in_executor(
            self._thread, self._speak, text, style, channel
        )
        speaking.add_done_callback(lambda _: channel.end())
        began, given = self._clock.monotonic(), 0.0
        try:
            while (samples := await channel.take()) is not None:
                piece = Pcm(samples, library().rate)
                given += piece.seconds
                early = began + given * self._pace - self._clock.monotonic()
                if early > 0:
                    await self._clock.sleep(early)
                yield piece
            await speaking
        finally:
            channel.abandon()
            await asyncio.wait({speaking})

    def _speak(self, text: str, style: SpeechStyle, channel: ThreadChannel[Samples]) -> None:
        gain = np.float32(self._gain(style.voice))
        library().speak(text, style, lambda samples: channel.give(samples * gain))

    def _gain(self, identifier: str) -> float:
        """The factor that brings the voice to the standard loudness, measured once."""
        if identifier not in self._gains:
            samples = (_heard(text, identifier) for text in _LEVEL_TEXTS)
            audible = (sample for sample in samples if loudness(sample) > float("-inf"))
            self._gains[identifier] = next(map(gain_to_speech, audible), 1.0)
        return self._gains[identifier]


def _heard(text: str, identifier: str) -> Pcm:
    heard: list[Samples] = [np.zeros(0, np.float32)]

    def take(samples: Samples) -> bool:
        heard.append(samples)
        return True

    library().speak(text, SpeechStyle(identifier, _RATE, _PITCH), take)
    return Pcm(np.concatenate(heard), library().rate)


def safe(text: str) -> str:
    """The part of `text` that eSpeak can read without harm; empty if nothing is left.

    Control characters are dropped: after U+0001 eSpeak reads commands in any mode. So are brackets:
    `[[` opens phonemes in another mode. Letters that only look different (𝓗, Ⓗ, ½) become plain
    ones. Endless marks and words are cut to what its buffers can hold.
    """
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= _MARKS:
            looks_only = unicodedata.decomposition(character).startswith(_LOOKS)
            plain = unicodedata.normalize("NFKC", character) if looks_only else character
            kept += [
                each if unicodedata.category(each) in _KINDS or each in _SIGNS else " "
                for each in plain
            ]
    return " ".join(
        word[at : at + _LONGEST_WORD]
        for word in unicodedata.normalize("NFC", "".join(kept)).split()
        if word.strip(_JOINERS)
        for at in range(0, len(word), _LONGEST_WORD)
    )


@functools.cache
def _identifiers() -> Mapping[str, str]:
    return {voice.id: identifier for voice, identifier in _voices()}


@functools.cache
def _voices() -> tuple[tuple[BuiltinVoice, str], ...]:
    """Every voice of the engine's info, with the library's identifier of it."""
    named: dict[str, Listed] = {}
    for listed in library().voices():
        if listed.identifier not in _MUTE:
            # Two voices of Cantonese claim the same tag: the second one gets its own name.
            tag, own = listed.language.lower(), listed.identifier.split("/")[-1].lower()
            named[own if tag in named else tag] = listed
    plain = [
        (BuiltinVoice(id=tag, name=listed.name, language=language_tag(tag)), listed.identifier)
        for tag, listed in named.items()
    ]
    varied = [
        (
            replace(voice, id=f"{voice.id}+{variant}", name=f"{voice.name}, {description}"),
            f"{identifier}+{variant}",
        )
        for voice, identifier in plain
        for variant, description in VARIANTS.items()
    ]
    return tuple(sorted(plain + varied, key=lambda pair: pair[0].name))


def language_tag(tag: str) -> str:
    """A language tag in the form that BCP 47 recommends (RFC 5646, section 2.1.1): `zh-Latn`."""
    subtags = _TAGS.get(tag.lower(), tag.lower()).split("-")
    out = subtags[:1]
    for before, subtag in itertools.pairwise(subtags):
        if len(before) > 1 and len(subtag) == 4:
            subtag = subtag.title()
        elif len(before) > 1 and len(subtag) == 2:
            subtag = subtag.upper()
        out.append(subtag)
    return "-".join(out)
