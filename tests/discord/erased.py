"""A member who has all their data deleted, step by step.

Knows: which buttons are pressed, how the answer ends. Does not know: the subject of a test.
"""

import asyncio
from typing import Any, Final

from bot.locales.catalog import text
from sandbox import Interaction, Member, Message
from tests.discord.running import Running
from tests.discord.scene import Scene

#: Only Ada says this: afterwards no file may contain it.
SAID: Final = "Zanzibar is what only Ada says."


def redacted(message: Message) -> bool:
    return (message.content, message.components, message.attachments) == (
        text("mydata-redacted"),
        [],
        [],
    )


async def forgotten(bot: Running) -> None:
    """Wait until no row is left that says where a member's messages are."""
    async with asyncio.timeout(5.0):
        while await bot.registry.erasure.pending_redactions(None, frontend="discord"):  # noqa: ASYNC110 -- nobody tells of it
            await asyncio.sleep(0.005)


async def quiet(scene: Scene) -> None:
    """From now on, texts wait."""
    await scene.told("join")
    await scene.told("pause")


async def ask(scene: Scene, by: Member | None = None, **where: Any) -> Message:
    """The question before anything is deleted."""
    member = by or scene.ada
    interaction = await member.command("mydata delete", **({"channel": scene.text} | where))
    return await (await interaction.answered()).original()


async def delete(scene: Scene, by: Member | None = None) -> Interaction:
    """Ada, or another member, presses the button that deletes everything."""
    question = await ask(scene, by)
    pressed = await (by or scene.ada).press(question, "Delete all of it")
    return await pressed.answered()


async def outcome(pressed: Interaction, timeout: float = 20.0) -> str:
    """The last text of the answer."""
    assert pressed.message is not None
    message = await pressed.message.wait_for(
        lambda message: "is deleted.\n" in message.content, timeout
    )
    return message.content
