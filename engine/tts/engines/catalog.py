"""Which engines need more than mynah itself does, and whether that is installed.

Knows: names of engines and packages. Imports none of them: the bot's process asks too.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final, Literal

from engine.model.errors import SetupError

#: Chatterbox's models by the engine's name.
CHATTERBOX: Final[Mapping[str, Literal["turbo", "original", "multilingual"]]] = {
    "chatterbox-turbo": "turbo",
    "chatterbox": "original",
    "chatterbox-multilingual": "multilingual",
}
_PACKAGES: Final = ("torch", "chatterbox", "py3langid")


def check_installed(engine: str) -> None:
    """Raises SetupError where packages that `engine` needs are plainly not there."""
    if engine in CHATTERBOX and not all(find_spec(package) for package in _PACKAGES):
        raise SetupError(needs_extra(engine))


def needs_extra(engine: str) -> str:
    return f"MYNAH_ENGINE={engine} needs the extra: .venv/bin/pip install -e '.[chatterbox]'"
