"""Private answers: to the one who asked, seen by nobody else, pinging nobody.

Knows: how to give one, how commands are called in this installation, and that nobody is left to
tell when it does not arrive. Does not know: what it says.

The buttons below one are no views of discord.py's, which live as long as the process: each is a
custom id, which comes back in a press (`bot/commands/components.py`).
"""

import io
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import aiohttp
import discord
import structlog

from engine.base.error_text import describe

log = structlog.get_logger(__name__)

T = TypeVar("T")

NOBODY: Final = discord.AllowedMentions.none()


#: A command of ours in one of our sentences. What members wrote is escaped by a backslash.
_COMMAND: Final = re.compile(r"(?<!\\)`/(?=[a-z])")


def name_commands(text: str, group: str | None) -> str:
    """`text`, with each command called as it is registered: `/skip`, or `/mynah skip`."""
    return text if group is None else _COMMAND.sub(f"`/{group} ", text)


@dataclass(frozen=True, slots=True)
class Choice:
    """A button below a private answer: "mynah:" and what it does, in its custom id."""

    label: str
    custom_id: str
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """A file with an answer."""

    filename: str
    data: bytes


class Reply:
    """`group` is the command below which all others are registered, if there is one."""

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
        """Answer privately: the message's id. None for an answer that did not arrive; it is
        logged."""
        words = name_commands(text, self._group)
        more = _More(choices, files)
        if interaction.response.is_done():
            message = await _send(
                lambda: interaction.followup.send(
                    words,
                    ephemeral=True,
                    allowed_mentions=NOBODY,
                    suppress_embeds=True,
                    wait=True,
                    **more.payload(),
                )
            )
            return message.id if message is not None else None
        answer = await _send(
            lambda: interaction.response.send_message(
                words,
                ephemeral=True,
                allowed_mentions=NOBODY,
                suppress_embeds=True,
                **more.payload(),
            )
        )
        return answer.message_id if answer is not None else None

    async def update(self, interaction: discord.Interaction, text: str) -> None:
        """Answer a press by what the message above the button says from now on, without buttons."""
        words = name_commands(text, self._group)
        await _send(
            lambda: interaction.response.edit_message(
                content=words, view=None, allowed_mentions=NOBODY
            )
        )

    async def rewrite(self, interaction: discord.Interaction, text: str) -> None:
        """Replace an answer that was given before, buttons included, for as long as the
        interaction's token lives (15 min)."""
        words = name_commands(text, self._group)
        await _send(
            lambda: interaction.edit_original_response(
                content=words, view=None, allowed_mentions=NOBODY
            )
        )


@dataclass(frozen=True, slots=True)
class _More:
    """Buttons and files, made anew for each try: discord.py closes a file that was sent."""

    choices: Sequence[Choice]
    files: Sequence[Attached]

    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = {}
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
    view.stop()  # discord.py forgets a stopped view: only `commands/components.py` gets presses
    return view


async def offer_nothing(interaction: discord.Interaction) -> None:
    """Complete what is typed to no choice at all."""
    await _send(lambda: interaction.response.autocomplete([]))


async def _send(answer: Callable[[], Awaitable[T]]) -> T | None:
    for _ in range(2):
        try:
            return await answer()
        except discord.HTTPException as error:
            log.info("a private answer was refused", status=error.status, code=error.code)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # Discord closes connections that lay idle. If this one did carry the answer, the
            # second is refused as double.
            log.info("a private answer did not get through", error=describe(error))
            continue
        return None
    return None
