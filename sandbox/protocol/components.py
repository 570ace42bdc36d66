"""Buttons and selects under a message, and forms: checked as Discord checks them.

Does not know: messages or interactions.
Source: Discord's documentation, "Component Reference".
"""

from typing import Any, Final

from sandbox.model import Json
from sandbox.model.message import BUTTON
from sandbox.protocol.errors import Form

ROW, STRING_SELECT, TEXT_INPUT = 1, 3, 4
SELECTS: Final = (3, 5, 6, 7, 8)
#: Components of the second version, allowed with the flag IS_COMPONENTS_V2.
LAYOUT: Final = (9, 10, 11, 12, 13, 14, 17)
LINK, PREMIUM = 5, 6
MOST_IN_LAYOUT: Final = 40
MOST_SELECTED: Final = 25


def check(form: Form, components: Any, *, layout: bool = False) -> None:
    """Add the faults of a message's components to `form`, under `components`."""
    seen: set[str] = set()
    for below, each in form.items("components", components, 0, MOST_IN_LAYOUT if layout else 5):
        if below.choice("type", each.get("type"), (ROW, *LAYOUT) if layout else (ROW,)):
            _check_one(below, each, seen)


def _check_one(form: Form, component: Json, seen: set[str]) -> None:
    kind = component["type"]
    if kind == ROW:
        _check_row(form, component, seen)
    elif kind == BUTTON:
        _check_button(form, component, seen)
    elif kind in SELECTS:
        _check_select(form, component, seen)
    elif kind == 10:
        form.length("content", component.get("content"), 1, 4000)
    else:
        for index, each in enumerate(component.get("components", [])):
            _check_one(form.at("components", index), each, seen)
        if accessory := component.get("accessory"):
            _check_one(form.at("accessory"), accessory, seen)


def _check_row(form: Form, row: Json, seen: set[str]) -> None:
    children = form.items("components", row.get("components"), 1, 5)
    for below, each in children:
        if below.choice("type", each.get("type"), (BUTTON, *SELECTS)):
            _check_one(below, each, seen)
    if len(children) > 1 and any(each.get("type") in SELECTS for _, each in children):
        form.fault("components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select fills its row.")


def _check_id(form: Form, component: Json, seen: set[str]) -> None:
    custom_id = component.get("custom_id")
    if form.length("custom_id", custom_id, 1, 100):
        if custom_id in seen:
            text = "Component custom id cannot be duplicated"
            form.fault("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", text)
        seen.add(str(custom_id))


def _check_button(form: Form, button: Json, seen: set[str]) -> None:
    form.choice("style", button.get("style"), (1, 2, 3, 4, 5, 6))
    if button.get("style") == LINK:
        form.length("url", button.get("url"), 1, 512)
        if button.get("custom_id"):
            text = "A custom id and url cannot both be specified"
            form.fault("custom_id", "COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
    elif button.get("style") != PREMIUM:
        _check_id(form, button, seen)
    if button.get("label") is not None:
        form.length("label", button["label"], 0, 80)
    if not button.get("label") and not button.get("emoji") and button.get("style") != PREMIUM:
        text = "Buttons require a label or an emoji."
        form.fault(None, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", text)


def _check_select(form: Form, select: Json, seen: set[str]) -> None:
    _check_id(form, select, seen)
    if select.get("placeholder") is not None:
        form.length("placeholder", select["placeholder"], 0, 150)
    for field, least in (("min_values", 0), ("max_values", 1)):
        value = select.get(field)
        if value is not None and not least <= value <= MOST_SELECTED:
            text = f"int value should be between {least} and {MOST_SELECTED}."
            form.fault(field, "NUMBER_TYPE_RANGE", text)
    if select["type"] != STRING_SELECT:
        return
    for below, each in form.items("options", select.get("options"), 1, 25):
        below.length("label", each.get("label"), 1, 100)
        below.length("value", each.get("value"), 1, 100)
        if each.get("description") is not None:
            below.length("description", each["description"], 0, 100)


def check_modal(form: Form, data: Json) -> None:
    form.length("title", data.get("title"), 1, 45)
    form.length("custom_id", data.get("custom_id"), 1, 100)
    form.items("components", data.get("components"), 1, 5)
