"""How a voice speaks, in words: its settings, their ranges, what the engine takes of them. Pure.

Knows: how a setting is put. Does not know: what an engine takes (its card says), who sets it.
"""

from collections.abc import Iterator
from typing import Any, Final

from bot.voices.upload_text import bold
from engine.model.engine import EngineInfo, StyleOption
from engine.model.voices import Voice

NOT_KNOWN: Final = "The engine is not known yet; what it takes of this is seen when it has loaded."


def render_style(voice: Voice, info: EngineInfo | None) -> str:
    """The settings of a voice, and what else could be set on the engine that speaks now."""
    lines = [f"How {bold(voice.name)} speaks:"]
    lines += _lines(voice, info)
    if info is None:
        lines.append(NOT_KNOWN)
    elif not info.styles:
        lines.append("The engine that speaks at present can be set in nothing.")
    return "\n".join(lines)


def _lines(voice: Voice, info: EngineInfo | None) -> Iterator[str]:
    known = {each.name: each for each in info.styles} if info is not None else {}
    for name, value in sorted(voice.style.items()):
        setting = known.pop(name, None)
        if setting is not None and setting.takes(value):
            yield f"- `{name}`: **{_value(value)}** ({_range(setting)})"
        elif info is not None:
            yield f"- `{name}`: **{_value(value)}**, which the engine of now does not take"
        else:
            yield f"- `{name}`: **{_value(value)}**"
    for name, setting in known.items():
        yield f"- `{name}`: as the engine does ({_range(setting)})"


def _range(setting: StyleOption) -> str:
    usual = setting.default
    if setting.kind == "switch":
        return f"on or off; usually {'on' if usual else 'off'}"
    words = f"{setting.least:g} to {setting.most:g}"
    return words if usual is None else f"{words}; usually {usual:g}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
