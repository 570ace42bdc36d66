"""Private answers, which only the member who used the command sees, and direct messages. They ping
nobody. One that does not arrive is logged: the member cannot be told otherwise.

The buttons below an answer are not views of discord.py, which end with the process. Each one is a
custom id, which comes back when somebody presses it (`bot/commands/components.py`).
"""

import io
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import discord
import structlog

from bot.discord_io.errors import NETWORK_ERRORS
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

T = TypeVar("T")

NOBODY: Final = discord.AllowedMentions.none()

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
    """A file that an answer carries."""

    filename: str
    data: bytes


class Reply:
    """`group` is the command group in which all commands are registered, if there is one."""

    def __init__(self, group: str | None) -> None:
        self._group = group

    async def __call__(
        self,
        interaction: discord.Interaction,
        text: str,
        *,
        choices: Sequence[Choice] = (),
        files: Sequence[Attached] = (),
    ) -> int | None:
        """Answer privately. Returns the message's id; None if the answer did not arrive."""
        text = name_commands(text, self._group)
        options = _Options(choices, files)
        if interaction.response.is_done():
            message = await _send(
                lambda: interaction.followup.send(text, wait=True, **options.payload())
            )
            return message.id if message is not None else None
        answer = await _send(lambda: interaction.response.send_message(text, **options.payload()))
        return answer.message_id if answer is not None else None

    async def update(self, interaction: discord.Interaction, text: str) -> None:
        """Answer a press: the message with the button says this from now on, without buttons."""
        text = name_commands(text, self._group)
        await _send(
            lambda: interaction.response.edit_message(
                content=text, view=None, allowed_mentions=NOBODY
            )
        )

    async def rewrite(self, interaction: discord.Interaction, text: str) -> None:
        """Replace an earlier answer and its buttons, until the interaction's token expires
        (15 min)."""
        text = name_commands(text, self._group)
        await _send(
            lambda: interaction.edit_original_response(
                content=text, view=None, allowed_mentions=NOBODY
            )
        )


@dataclass(frozen=True, slots=True)
class _Options:
    """All of an answer but its text. Each try makes the files again: discord.py closes a file that
    was sent."""

    choices: Sequence[Choice]
    files: Sequence[Attached]

    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "ephemeral": True,
            "allowed_mentions": NOBODY,
            "suppress_embeds": True,
        }
        if self.choices:
            payload["view"] = _view(self.choices)
        if self.files:
            payload["files"] = [
                discord.File(io.BytesIO(each.data), filename=each.filename) for each in self.files
            ]
        return payload


def _view(choices: Sequence[Choice]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for each in choices:
        style = discord.ButtonStyle.danger if each.danger else discord.ButtonStyle.secondary
        button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            label=each.label, custom_id=each.custom_id, style=style
        )
        view.add_item(button)
    view.stop()  # discord.py forgets a stopped view: presses go to `commands/components.py` only
    return view


async def offer_nothing(interaction: discord.Interaction) -> None:
    """Answer a completion with no choices."""
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
    except discord.HTTPException as error:
        log.info("a direct message was refused", user=user_id, code=error.code)
    except NETWORK_ERRORS as error:
        log.info("a direct message did not get through", user=user_id, error=describe(error))
    else:
        return True
    return False
