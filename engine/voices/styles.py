"""Checks a style's settings against the options of the engine. Pure."""

from collections.abc import Mapping
from typing import Any

from engine.model.engine import EngineInfo, StyleOption
from engine.model.errors import BadStyle


def checked_style(
    info: EngineInfo | None, before: Mapping[str, Any], values: Mapping[str, object | None]
) -> dict[str, Any]:
    """Return `before` with the settings of `values`; None resets a setting. Raises BadStyle."""
    style = dict(before)
    known = {} if info is None else {setting.name: setting for setting in info.styles}
    for name, value in values.items():
        if value is None and (name in style or name in known):
            style.pop(name, None)
            continue
        if info is None:
            raise BadStyle(
                "no engine's card is known yet",
                user_message="The engine is starting, and has not told yet what it can do. "
                "Try again soon.",
            )
        if name not in known:
            raise BadStyle(
                f"{info.name} has no setting {name!r}",
                user_message=f"The engine that speaks now, {info.name}, has no such setting. "
                + (f"It has {', '.join(known)}." if known else "It has none."),
            )
        style[name] = _checked(known[name], value)
    return style


def _checked(setting: StyleOption, value: object) -> bool | int | float:
    if not setting.takes(value) or not isinstance(value, bool | int | float):
        raise BadStyle(
            f"{setting.name} does not take {value!r}",
            user_message=f"`{setting.name}` takes {range_of(setting)}.",
        )
    # 5.0 is valid for an integer, and must hash and read like 5.
    return int(value) if setting.kind == "integer" else value


def range_of(setting: StyleOption) -> str:
    """The range in words: "a number from 0.1 to 2; without it, 0.8"."""
    if setting.kind == "switch":
        usual = "" if setting.default is None else f"; without it, {_switch(setting.default)}"
        return f"on or off{usual}"
    kind = "a whole number" if setting.kind == "integer" else "a number"
    usual = "a new one each time" if setting.default is None else f"{setting.default:g}"
    return f"{kind} from {setting.least:.15g} to {setting.most:.15g}; without it, {usual}"


def _switch(value: float) -> str:
    return "on" if value else "off"
