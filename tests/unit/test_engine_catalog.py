"""The catalog of engines: each entry makes its engine, and an unknown name is refused."""

import inspect
from pathlib import Path

import pytest

from engine.model.errors import SetupError
from engine.tts.engines.catalog import DEFAULT, ENGINES, EngineOptions, check_names, make_engine

HOME = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_is_made_by_its_name_and_takes_the_options_of_its_entry(name: str) -> None:
    engine = make_engine(name, EngineOptions())
    arguments = inspect.signature(type(engine)).parameters
    assert {*ENGINES[name].options, *ENGINES[name].fixed} <= arguments.keys()
    assert engine.describe().name == name


@pytest.mark.parametrize(
    ("engine", "fallback", "fault"),
    [
        ("parrot", None, "MYNAH_ENGINE: .*'espeak', .* or 'tone'"),
        ("espeak", "tone", "MYNAH_FALLBACK: Input should be 'espeak'$"),
    ],
)
def test_a_name_that_no_engine_has_is_refused(
    engine: str, fallback: str | None, fault: str
) -> None:
    with pytest.raises(SetupError, match=fault):
        check_names(engine, fallback)
    check_names("tone", "espeak")


def test_no_engine_is_named_outside_the_catalog_and_its_own_file() -> None:
    """The documents name them for people; the product's code does not."""
    named = {
        f"{file.relative_to(HOME)}: {name}"
        for package in ("bot", "engine", "mynah")
        for file in (HOME / package).rglob("*.py")
        for name in ENGINES
        if f'"{name}"' in file.read_text(encoding="utf-8")
        and not file.is_relative_to(HOME / "engine" / "tts" / "engines")
    }
    assert named == {f"engine/base/settings.py: {DEFAULT}"}
