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
            raise BadStyle("no engine has described itself yet", code="style-engine-loading")
        if name not in known:
            raise BadStyle(
                f"{info.name} has no setting {name!r}",
                code="style-unknown",
                engine=info.name,
                count=len(known),
                settings=", ".join(known),
            )
        style[name] = _checked(known[name], value)
    return style


def _checked(setting: StyleOption, value: object) -> bool | int | float:
    if not setting.takes(value) or not isinstance(value, bool | int | float):
        raise BadStyle(
            f"{setting.name} does not take {value!r}",
            code="style-value",
            setting=setting.name,
            kind=setting.kind,
            least=f"{setting.least:.15g}",
            most=f"{setting.most:.15g}",
            usual=_usual(setting),
        )
    # 5.0 is valid for an integer, and must hash and read like 5.
    return int(value) if setting.kind == "integer" else value


def _usual(setting: StyleOption) -> str:
    """What the engine does without the setting: "on", "off", a number; "novalue" if that varies."""
    if setting.default is None:
        return "novalue"
    if setting.kind == "switch":
        return "on" if setting.default else "off"
    return f"{setting.default:g}"
