"""eSpeak NG's C library, called by ctypes: text in, 16-bit sound out by a callback.

It follows `speak_lib.h` of version 1.52. The library has one state a process, which is set before
each text.
"""

import ctypes
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import espeakng_loader
import numpy as np

from engine.model.errors import SetupError
from engine.tts.audio.pcm import Samples

#: Sound of one callback: small, since the first callback is the first sound.
BUFFER_MS: Final = 40

_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_POS_CHARACTER = 1
_UTF8 = 1  # and not espeakSSML (0x10), not espeakPHONEMES (0x100): text is only ever text
_RATE, _PITCH = 1, 3
_CONTINUE, _ABORT = 0, 1
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Voice(ctypes.Structure):
    """The head of `espeak_VOICE`. `languages`: a byte of priority and a string each, then a zero;
    so read as one string it is the first language after a byte."""

    _fields_ = tuple((name, ctypes.c_char_p) for name in ("name", "languages", "identifier"))


@dataclass(frozen=True, slots=True)
class Listed:
    """A voice as the library lists it; it is selected by its `identifier`."""

    identifier: str
    name: str
    language: str  # the first of its languages


@dataclass(frozen=True, slots=True)
class SpeechStyle:
    """How the library speaks a text: the voice's identifier, words a minute, pitch 0–99."""

    voice: str
    rate: int
    pitch: int


class Library:
    """The library, initialized. `library()` returns the only one of this process."""

    def __init__(self) -> None:
        try:
            self._c: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise SetupError(
                f"The eSpeak NG library cannot be loaded ({error}). "
                "Install the package espeakng-loader again."
            ) from error
        self._c.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._c.espeak_Info.restype = ctypes.c_char_p
        data = espeakng_loader.get_data_path().encode()
        self.rate: int = self._c.espeak_Initialize(_SYNCHRONOUS, BUFFER_MS, data, _DONT_EXIT)
        if self.rate <= 0:
            raise SetupError(
                "eSpeak NG does not find its own data. Install the package espeakng-loader again."
            )
        self.version: str = self._c.espeak_Info(None).decode()
        self._one_at_a_time = threading.Lock()

    def voices(self) -> list[Listed]:
        """Every language's voice, without variants."""
        with self._one_at_a_time:
            pointers = self._c.espeak_ListVoices(None)
            found: list[Listed] = []
            while pointer := pointers[len(found)]:
                voice = pointer.contents
                identifier, name = voice.identifier.decode(), voice.name.decode().strip()
                found.append(Listed(identifier, name, voice.languages[1:].decode()))
        return found

    def speak(self, text: str, style: SpeechStyle, take: Callable[[Samples], bool]) -> bool:
        """Speak `text`; `take` gets the sound in pieces, and stops it by returning False.

        Blocks, also until another thread's text has ended. Returns whether there is such a voice.
        """

        def receive(sound: Any, size: int, _events: Any) -> int:
            if size <= 0 or not sound:
                return _CONTINUE
            pcm = np.ctypeslib.as_array(sound, (size,)).astype(np.float32) / np.float32(32768)
            return _CONTINUE if take(pcm) else _ABORT

        callback = _Callback(receive)  # this name keeps it alive while the library may call it
        encoded = text.encode() + b"\0"
        with self._one_at_a_time:
            if self._c.espeak_SetVoiceByName(style.voice.encode()) != 0:
                return False
            self._c.espeak_SetParameter(_RATE, style.rate, 0)
            self._c.espeak_SetParameter(_PITCH, style.pitch, 0)
            self._c.espeak_SetSynthCallback(callback)
            self._c.espeak_Synth(
                encoded, ctypes.c_size_t(len(encoded)), 0, _POS_CHARACTER, 0, _UTF8, None, None
            )
        return True


@functools.cache
def library() -> Library:
    """The library of this process. Raises SetupError where it cannot be loaded."""
    return Library()
