"""Private answers, which only the member who used the command sees, and direct messages. They ping
nobody. One that does not arrive is logged: the member cannot be told otherwise.

The buttons below an answer are not views of discord.py, which end with the process. Each one is a
custom id, which comes back when somebody presses it (`bot/commands/tree.py`).

Private files (previews, exports, downloads) can be reached only with the token of their
interaction. They are remembered in memory only: after a restart, or after 15 minutes, only
Discord's own client can reach them, and drops them when it is closed. `bot/erasure/redactions.py`
deletes them.
"""

import io
import re
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import discord
import structlog

from bot.discord_io.errors import CALL_FAILED, NETWORK_ERRORS
from bot.discord_io.rest import TOKEN_SECONDS, InteractionToken
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

T = TypeVar("T")

NOBODY: Final = discord.AllowedMentions.none()
#: A token is used for the last time a little before it expires.
REACHABLE_SECONDS: Final = TOKEN_SECONDS - 10
#: Beyond this many the oldest files are forgotten: a bound on memory that nobody should reach.
MOST_KEPT: Final = 10_000

#: A command in one of our sentences. In members' text a backslash precedes it.
_COMMAND: Final = re.compile(r"(?<!\\)`/(?=[a-z])")


def name_commands(text: str, group: str | None) -> str:
    """`text` with the names that commands are registered by: `/skip`, or `/mynah skip`."""
    return text if group is None else _COMMAND.sub(f"`/{group} ", text)


@dataclass(frozen=True, slots=True)
class Choice:
    """A button below a private answer. Its custom id is "mynah:" and what it does."""

    label: str
    custom_id: str
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that an answer carries, and the ids of the members whose data is in it."""

    filename: str
    data: bytes
    about: frozenset[str]


@dataclass(frozen=True, slots=True)
class EphemeralFile:
    about: frozenset[str]
    token: InteractionToken
    message_id: int
    until: float  # when it can no longer be reached, in seconds since the epoch


class Reply:
    """`group` is the command group in which all commands are registered, if there is one."""

    def __init__(self, clock: Clock, group: str | None) -> None:
        self._clock = clock
        self._group = group
        self._files: deque[EphemeralFile] = deque(maxlen=MOST_KEPT)  # oldest first

    async def __call__(
        self,
        interaction: discord.Interaction,
        text: str,
        *,
        choices: Sequence[Choice] = (),
        file: Attached | None = None,
    ) -> None:
        text = name_commands(text, self._group)
        message_id = await _send(lambda: _answer(interaction, text, choices, file))
        if file is None or message_id is None:
            return
        until = interaction.created_at.timestamp() + REACHABLE_SECONDS
        token = InteractionToken.of(interaction)
        self._keep_reachable()
        self._files.append(EphemeralFile(file.about, token, message_id, until))

    async def update(self, interaction: discord.Interaction, text: str) -> None:
        """Answer a press: the message with the button says this from now on, without buttons."""
        await self._replace(interaction.response.edit_message, text)

    async def rewrite(self, interaction: discord.Interaction, text: str) -> None:
        """Replace an earlier answer and its buttons, until the interaction's token expires
        (15 min)."""
        await self._replace(interaction.edit_original_response, text)

    async def _replace(self, edit: Callable[..., Awaitable[object]], text: str) -> None:
        content = name_commands(text, self._group)
        await _send(lambda: edit(content=content, view=None, allowed_mentions=NOBODY))

    def take_files(self, member: str) -> list[EphemeralFile]:
        """Forget, and return, the files with this member's data that can still be reached."""
        self._keep_reachable()
        taken = [each for each in self._files if member in each.about]
        self._files = deque((each for each in self._files if member not in each.about), MOST_KEPT)
        return taken

    def _keep_reachable(self) -> None:
        now = self._clock.time()
        if any(each.until <= now for each in self._files):
            self._files = deque((each for each in self._files if each.until > now), MOST_KEPT)


async def _answer(
    interaction: discord.Interaction, text: str, choices: Sequence[Choice], file: Attached | None
) -> int | None:
    """Send an answer. Returns its message's id. Each try makes the file again: discord.py closes
    one that was sent."""
    payload: dict[str, Any] = {
        "ephemeral": True,
        "allowed_mentions": NOBODY,
        "suppress_embeds": True,
    }
    if choices:
        payload["view"] = _view(choices)
    if file is not None:
        payload["file"] = discord.File(io.BytesIO(file.data), filename=file.filename)
    if interaction.response.is_done():
        return (await interaction.followup.send(text, wait=True, **payload)).id
    return (await interaction.response.send_message(text, **payload)).message_id


def _view(choices: Sequence[Choice]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for each in choices:
        style = discord.ButtonStyle.danger if each.danger else discord.ButtonStyle.secondary
        button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            label=each.label, custom_id=each.custom_id, style=style
        )
        view.add_item(button)
    view.stop()  # discord.py forgets a stopped view: presses go to `commands/tree.py` only
    return view


async def offer_nothing(interaction: discord.Interaction) -> None:
    await _send(lambda: interaction.response.autocomplete([]))


async def _send(answer: Callable[[], Awaitable[T]]) -> T | None:
    for _ in range(2):
        try:
            return await answer()
        except discord.HTTPException as error:
            log.info("a private answer was refused", status=error.status, code=error.code)
        except NETWORK_ERRORS as error:
            # Discord closes connections that were idle. If this one did carry the answer, Discord
            # refuses the second one.
            log.info("a private answer did not get through", error=describe(error))
            continue
        return None
    return None


async def send_direct(client: discord.Client, user_id: int, text: str) -> bool:
    """Send a direct message. Returns whether it arrived: many users take none
    (`ErrorCode.CANNOT_MESSAGE_USER`)."""
    try:
        channel = await client.create_dm(discord.Object(user_id))
        await channel.send(text, allowed_mentions=NOBODY, suppress_embeds=True)
    except CALL_FAILED as error:
        log.info("a direct message did not get through", user=user_id, error=describe(error))
    else:
        return True
    return False
