"""How a voice speaks, in words: its settings, their ranges, what the engine takes of them. Pure.

The settings are those of the engine's info, so another option of an engine needs no edit here.
"""

from collections.abc import Iterator
from typing import Any, Final

from bot.locales.escape import plain
from bot.voices.choices import MOST_CHOICES, MOST_LABEL, Offered
from bot.voices.upload_text import bold
from engine.model.engine import EngineInfo, StyleOption
from engine.model.voices import Voice

NOT_KNOWN: Final = "The engine is still loading; I know what it can change when it has loaded."
NO_SETTING: Final = "Choose a `setting` for this value."
#: The value that takes a setting back, and the name that stands for all settings of a voice.
RESET: Final = "reset"
ALL: Final = "all"
_SWITCH: Final = {"on": True, "off": False, "true": True, "false": False, "yes": True, "no": False}


def parse_value(typed: str) -> object | None:
    """A typed value as the engine may take it; None for "reset". What is neither a number nor a
    switch is left as it is: the registry refuses it and tells the range."""
    word = typed.casefold()
    if word == RESET:
        return None
    if word in _SWITCH:
        return _SWITCH[word]
    try:
        return float(typed.replace(",", "."))
    except ValueError:
        return typed


def no_value(setting: str) -> str:
    return f"Give `{plain(setting, MOST_LABEL)}` a `value`, or `{RESET}`."


def render_style(voice: Voice, info: EngineInfo | None) -> str:
    """The settings of a voice, and what else could be set on the engine that speaks now."""
    lines = [f"How {bold(voice.name)} speaks:"]
    lines += _lines(voice, info)
    if info is None:
        lines.append(NOT_KNOWN)
    elif not info.styles:
        lines.append("The engine that speaks now has no settings.")
    return "\n".join(lines)


def offer_settings(voice: Voice | None, info: EngineInfo | None, typed: str) -> list[Offered]:
    """The settings that fit what the member typed: those of the engine, and those that the voice
    has from another engine."""
    values = dict(voice.style) if voice is not None else {}
    known = _known(info)
    labels = {name: f"{name} · {_state(values.get(name), known.get(name))}" for name in known}
    labels |= {name: f"{name} · {_value(values[name])}" for name in values if name not in known}
    if values:
        labels[ALL] = f"{ALL} · for the value {RESET}"
    wanted = typed.strip().casefold()
    fitting = [Offered(plain(label, MOST_LABEL), n) for n, label in labels.items() if wanted in n]
    return fitting[:MOST_CHOICES]


def offer_values(info: EngineInfo | None, setting: str, typed: str) -> list[Offered]:
    """Values of a setting: the switch's two, what is usual, and to take it back."""
    option = _known(info).get(setting.strip())
    labels = {RESET: f"{RESET} · as the engine does"}
    if option is not None and option.kind == "switch":
        labels |= {"on": "on", "off": "off"}
    elif option is not None:
        ends = {"least": option.least, "usually": option.default, "most": option.most}
        labels |= {f"{v:.15g}": f"{v:.15g} · {w}" for w, v in ends.items() if v is not None}
    wanted = typed.strip().casefold()
    return [Offered(label, v) for v, label in labels.items() if v.startswith(wanted)]


def _known(info: EngineInfo | None) -> dict[str, StyleOption]:
    return {each.name: each for each in info.styles} if info is not None else {}


def _state(value: Any, option: StyleOption | None) -> str:
    now = "" if value is None else f"{_value(value)} now, "
    return now + ("" if option is None else _range(option))


def _lines(voice: Voice, info: EngineInfo | None) -> Iterator[str]:
    known = _known(info)
    for name, value in sorted(voice.style.items()):
        option = known.pop(name, None)
        if option is not None and option.takes(value):
            yield f"- `{name}`: **{_value(value)}** ({_range(option)})"
        elif info is not None:
            yield f"- `{name}`: **{_value(value)}**, which the engine that speaks now does not take"
        else:
            yield f"- `{name}`: **{_value(value)}**"
    for name, option in known.items():
        yield f"- `{name}`: as the engine does ({_range(option)})"


def _range(option: StyleOption) -> str:
    usual = option.default
    if option.kind == "switch":
        return "on or off" if usual is None else f"on or off; usually {'on' if usual else 'off'}"
    words = f"{option.least:g} to {option.most:g}"
    return words if usual is None else f"{words}; usually {usual:g}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
