"""The voices that an engine brings along, as people type them. Pure.

Knows: ids and names on an engine's card. Does not know: registered voices, who types.
"""

from engine.model.engine import BuiltinVoice, EngineInfo
from engine.model.voice_names import name_key


def built_in(info: EngineInfo | None, typed: str) -> BuiltinVoice | None:
    """The voice with this id, else one that is called so; None while no card is known."""
    voices = () if info is None else info.voices
    wanted = name_key(typed)
    by_id = (voice for voice in voices if voice.id == typed)
    by_name = (voice for voice in voices if wanted in (name_key(voice.name), name_key(voice.id)))
    return next(by_id, None) or next(by_name, None)
