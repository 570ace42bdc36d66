"""Which engines there are. Another engine is one file, and one line in `ENGINES`.

It imports no engine until one is made: the bot's process reads the names too.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from engine.model.engine import Device
from engine.model.errors import SetupError
from engine.tts.engines.base import Synthesizer


@dataclass(frozen=True, slots=True)
class Extra:
    """An optional dependency of pyproject.toml, and packages that show that it is installed."""

    name: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One engine: the class that makes it, which `EngineOptions` that class takes, and how."""

    factory: str  # "module:class"
    options: tuple[str, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)  # arguments that the name stands for
    extra: Extra | None = None
    fallback: bool = False  # it may speak while another engine is down


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What an operator chooses for any engine; each engine takes what it knows."""

    pace: float = 0.0  # real-time factor of delivery; 0: as fast as it can
    checkpoint: Path | None = None  # folder of a model; None: from the hub, once
    device: Device = "auto"


_CHATTERBOX: Final = Extra("chatterbox", ("torch", "chatterbox", "py3langid"))
_CLONING: Final = ("engine.tts.engines.chatterbox:ChatterboxSynthesizer", ("checkpoint", "device"))

ENGINES: Final[Mapping[str, Entry]] = {
    "espeak": Entry("engine.tts.engines.espeak:EspeakSynthesizer", ("pace",), fallback=True),
    "chatterbox-turbo": Entry(*_CLONING, {"model": "turbo"}, _CHATTERBOX),
    "chatterbox": Entry(*_CLONING, {"model": "original"}, _CHATTERBOX),
    "chatterbox-multilingual": Entry(*_CLONING, {"model": "multilingual"}, _CHATTERBOX),
    "tone": Entry("engine.tts.engines.tone:ToneSynthesizer", ("pace",)),
}
DEFAULT: Final = "espeak"
FALLBACKS: Final = tuple(name for name, entry in ENGINES.items() if entry.fallback)


def make_engine(name: str, options: EngineOptions) -> Synthesizer:
    """The engine of that name, not loaded. Only its own module is imported."""
    entry = ENGINES[name]
    module, _, attribute = entry.factory.partition(":")
    factory = getattr(importlib.import_module(module), attribute)
    chosen = {option: getattr(options, option) for option in entry.options}
    synthesizer: Synthesizer = factory(**entry.fixed, **chosen)
    return synthesizer


def check_names(engine: str, fallback: str | None) -> None:
    """Raises SetupError for a setting that names no engine."""
    for setting, name, known in (
        ("MYNAH_ENGINE", engine, tuple(ENGINES)),
        ("MYNAH_FALLBACK", fallback, (*FALLBACKS, None)),
    ):
        if name not in known:
            names = [repr(each) for each in known if each is not None]
            listed = " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
            raise SetupError(f"Settings are wrong. {setting}: Input should be {listed}")


def check_installed(engine: str) -> None:
    """Raises SetupError where a package that `engine` needs is not installed."""
    extra = ENGINES[engine].extra
    if extra is not None and not all(map(find_spec, extra.packages)):
        raise SetupError(needs_extra(engine))


def needs_extra(engine: str) -> str:
    extra = ENGINES[engine].extra
    assert extra is not None, f"{engine} needs no extra"
    return f"MYNAH_ENGINE={engine} needs the extra: .venv/bin/pip install -e '.[{extra.name}]'"
