"""What a bot's log must never contain, and a check for it.

Knows: every secret that the sandbox has given out, and the forms in which one might be written.
Does not know: how the log was written.
"""

import base64
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from tests.process.stage import Stage

#: What members write in these tests; no word of the product contains it.
SAID: Final = "quetzalcoatl"


def secrets_of(stage: Stage) -> Iterator[tuple[str, str]]:
    """Each with its kind."""
    discord = stage.discord
    yield "the bot's token", discord.token
    yield "the signature of the bot's token", discord.token.rpartition(".")[2]
    for token in discord.world.interactions:
        yield "an interaction's token", token
    for session in discord.gateway.sessions:
        yield "a gateway session", session
    for connection in discord.voice.history:
        yield "a voice server's token", connection.admission.token
        yield "a voice session", connection.admission.session_id
        yield "a voice key", json.dumps(list(connection.secret_key))[1:-1]
        yield "a voice key", connection.secret_key.hex()


def leaks_in(stage: Stage, output: str, said: str = SAID) -> set[str]:
    """The kinds of forbidden content in `output`. What a member said is searched for in any
    case."""
    found = {
        kind
        for kind, secret in secrets_of(stage)
        for form in (secret, quote(secret, safe=""), _in_base64(secret))
        if form in output
    }
    if said in output.lower():
        found.add("what a member said")
    return found


def _in_base64(secret: str) -> str:
    """All but its end, which depends on what follows."""
    return base64.b64encode(secret.encode()).decode()[:-4]
