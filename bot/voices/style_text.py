"""How a voice speaks, in words: its settings, their ranges, what the engine takes of them. Pure.

The settings are those of the engine's info, so another option of an engine needs no edit here.
"""

from collections.abc import Iterator
from typing import Any, Final

from bot.locales.catalog import label, text
from bot.locales.escape import Markup, plain
from bot.voices.choices import MOST_CHOICES, MOST_LABEL, Offered
from bot.voices.upload_text import voice_name
from engine.model.engine import EngineInfo, StyleOption
from engine.model.voices import Voice

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


def render_style(voice: Voice, info: EngineInfo | None) -> str:
    """The settings of a voice, and what else could be set on the engine that speaks now."""
    lines = [text("style-heading", voice=voice_name(voice.name)), *_lines(voice, info)]
    if info is None:
        lines.append(text("style-engine-loading"))
    elif not info.styles:
        lines.append(text("style-engine-fixed"))
    return "\n".join(lines)


def offer_settings(voice: Voice | None, info: EngineInfo | None, typed: str) -> list[Offered]:
    """The settings that fit what the member typed: those of the engine, and those that the voice
    has from another engine."""
    values = dict(voice.style) if voice is not None else {}
    known = _known(info)
    offers = {name: _offer(name, values.get(name), known.get(name)) for name in known | values}
    if values:
        offers[ALL] = label("style-offer-all")
    wanted = typed.strip().casefold()
    fitting = [Offered(plain(offer, MOST_LABEL), n) for n, offer in offers.items() if wanted in n]
    return fitting[:MOST_CHOICES]


def offer_values(info: EngineInfo | None, setting: str, typed: str) -> list[Offered]:
    """Values of a setting: the switch's two, what is usual, and to take it back."""
    option = _known(info).get(setting.strip())
    offers = {RESET: label("style-offer-reset")}
    if option is not None and option.kind == "switch":
        offers |= {"on": label("style-switch", on=True), "off": label("style-switch", on=False)}
    elif option is not None:
        ends = {"least": option.least, "usual": option.default, "most": option.most}
        for end, value in ends.items():
            if value is not None:
                typable = f"{value:.15g}"
                offers[typable] = label("style-offer-value", value=typable, end=end)
    wanted = typed.strip().casefold()
    return [Offered(offer, v) for v, offer in offers.items() if v.startswith(wanted)]


def _known(info: EngineInfo | None) -> dict[str, StyleOption]:
    return {each.name: each for each in info.styles} if info is not None else {}


def _offer(name: str, value: Any, option: StyleOption | None) -> str:
    if option is None:
        return label("style-offer-not-taken", setting=name, value=_value(value))
    if value is None:
        return label("style-offer", setting=name, range=_range(option))
    return label("style-offer-set", setting=name, value=_value(value), range=_range(option))


def _lines(voice: Voice, info: EngineInfo | None) -> Iterator[Markup]:
    known = _known(info)
    for name, value in sorted(voice.style.items()):
        option, setting, shown = known.pop(name, None), _code(name), _value(value)
        if option is not None and option.takes(value):
            yield text("style-set", setting=setting, value=shown, range=_range(option))
        elif info is not None:
            yield text("style-not-taken", setting=setting, value=shown)
        else:
            yield text("style-engine-unknown", setting=setting, value=shown)
    for name, option in known.items():
        yield text("style-usual", setting=_code(name), range=_range(option))


def _code(name: str) -> Markup:
    """An engine's name for a setting, between backticks: no escape works there."""
    return Markup(plain(name, MOST_LABEL).replace("`", ""))


def _range(option: StyleOption) -> Markup:
    if option.default is None:
        usual = "unknown"
    elif option.kind == "switch":
        usual = "on" if option.default else "off"
    else:
        usual = f"{option.default:g}"
    return text(
        "style-range",
        kind=option.kind,
        least=Markup(f"{option.least:g}"),
        most=Markup(f"{option.most:g}"),
        usual=Markup(usual),
    )


def _value(value: Any) -> Markup:
    """As a member types it: a number has no separators between thousands."""
    if isinstance(value, bool):
        return text("style-switch", on=value)
    return Markup(f"{value:g}" if isinstance(value, float) else str(value))
