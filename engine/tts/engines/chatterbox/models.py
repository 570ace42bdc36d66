"""The three models of Chatterbox: names, files, languages, style options. Pure.

Read in chatterbox-tts 0.1.7 (`tts_turbo.py`, `tts.py`, `mtl_tts.py`); the ranges are those of the
sliders in its makers' own demonstrations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from engine.model.engine import BuiltinVoice, EngineInfo, StyleOption, SynthesisRequest
from engine.tts.audio.tempo import FASTEST, SLOWEST

ModelName = Literal["turbo", "original", "multilingual"]

RATE: Final = 24_000  # hertz, of the references and of the sound
REFERENCE_RATE: Final = 16_000  # hertz, of a reference as the encoders get it
TOKENS_A_SECOND: Final = 25  # speech tokens a second
SPEECH_TOKENS: Final = 6561  # lower ones are sounds; this one starts, the next one stops
MOST_TOKENS: Final = 1_000  # as upstream: 40 s; no model is reliable for that long
#: Shorter texts come out as gibberish (reports; under about 25 characters), so they are joined.
LEAST_CHARACTERS: Final = 25
#: The file of the voice that comes with the weights, and that voice's name here. All three models
#: have one at the hub; a folder of weights may lack it.
BUILTIN_FILE: Final = "conds.pt"
BUILTIN: Final = BuiltinVoice(id="default", name="Chatterbox", language="en")

_LANGUAGES: Final = (
    *("ar", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "it", "ja"),
    *("ko", "ms", "nl", "no", "pl", "pt", "ru", "sv", "sw", "tr", "zh"),
)


def _number(name: str, least: float, most: float, default: float) -> StyleOption:
    return StyleOption(name=name, kind="number", least=least, most=most, default=default)


_SPEED: Final = _number("speed", SLOWEST, FASTEST, 1.0)
_SEED: Final = StyleOption(name="seed", kind="integer", least=0, most=2**31 - 1, default=None)


def _guided(repetition_penalty: float) -> tuple[StyleOption, ...]:
    return (
        _number("temperature", 0.05, 5.0, 0.8),
        _number("min_p", 0.0, 1.0, 0.05),
        _number("top_p", 0.0, 1.0, 1.0),
        _number("repetition_penalty", 1.0, 2.0, repetition_penalty),
        _number("exaggeration", 0.25, 2.0, 0.5),
        _number("cfg_weight", 0.0, 1.0, 0.5),
        _SPEED,
        _SEED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    engine: str  # the engine's name
    title: str  # for people
    repository: str  # on the hub
    files: tuple[str, ...]  # without which it does not load
    extras: tuple[str, ...] = ()  # it loads without them
    loader: tuple[str, str]  # upstream's module and class
    languages: tuple[str, ...]
    most_characters: int
    styles: tuple[StyleOption, ...]
    above_seconds: float  # a reference must be longer
    heard_seconds: int  # how much of a reference T3 hears

    def info(self, version: str, *, slots: int, builtin: bool) -> EngineInfo:
        return EngineInfo(
            name=self.engine,
            version=version,
            voices=(BUILTIN,) if builtin else (),
            default_voice=BUILTIN.id if builtin else "",
            languages=self.languages,
            least_characters=LEAST_CHARACTERS,
            most_characters=self.most_characters,
            slots=slots,
            clones=True,
            styles=self.styles,
            finds_language=len(self.languages) > 1,
        )

    def style(self, request: SynthesisRequest) -> dict[str, float]:
        """The value of each option, a switch as 0 or 1, the seed only if it was chosen. Options of
        other engines are ignored. Raises SynthesisFailed for a value out of range."""
        chosen = {option.name: option.chosen(request.style) for option in self.styles}
        return {name: value for name, value in chosen.items() if value is not None}


MODELS: Final[Mapping[ModelName, Model]] = {
    "turbo": Model(
        engine="chatterbox-turbo",
        title="Chatterbox Turbo",
        repository="ResembleAI/chatterbox-turbo",
        files=(
            *("ve.safetensors", "t3_turbo_v1.safetensors", "s3gen_meanflow.safetensors"),
            *("vocab.json", "merges.txt", "tokenizer_config.json"),
        ),
        extras=("added_tokens.json", "special_tokens_map.json", "tokenizer.json", BUILTIN_FILE),
        loader=("chatterbox.tts_turbo", "ChatterboxTurboTTS"),
        languages=("en",),
        most_characters=250,
        # min_p, cfg_weight and exaggeration are arguments of its generate() that it ignores.
        styles=(
            _number("temperature", 0.05, 2.0, 0.8),
            _number("top_p", 0.0, 1.0, 0.95),
            StyleOption(name="top_k", kind="integer", least=0, most=1000, default=1000),
            _number("repetition_penalty", 1.0, 2.0, 1.2),
            StyleOption(name="norm_loudness", kind="switch", least=0, most=1, default=1),
            _SPEED,
            _SEED,
        ),
        above_seconds=5.0,
        heard_seconds=15,
    ),
    "original": Model(
        engine="chatterbox",
        title="Chatterbox",
        repository="ResembleAI/chatterbox",
        files=("ve.safetensors", "t3_cfg.safetensors", "s3gen.safetensors", "tokenizer.json"),
        extras=(BUILTIN_FILE,),
        loader=("chatterbox.tts", "ChatterboxTTS"),
        languages=("en",),
        most_characters=250,
        styles=_guided(1.2),
        above_seconds=1.0,
        heard_seconds=6,
    ),
    "multilingual": Model(
        engine="chatterbox-multilingual",
        title="Chatterbox Multilingual",
        repository="ResembleAI/chatterbox",
        files=(
            *("ve.pt", "t3_mtl23ls_v2.safetensors", "s3gen.pt"),
            "grapheme_mtl_merged_expanded_v1.json",
        ),
        extras=("Cangjie5_TC.json", BUILTIN_FILE),
        loader=("chatterbox.mtl_tts", "ChatterboxMultilingualTTS"),
        languages=_LANGUAGES,
        most_characters=150,  # 30 s of Chinese
        styles=_guided(2.0),
        above_seconds=1.0,
        heard_seconds=6,
    ),
}
