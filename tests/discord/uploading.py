"""How a member uploads a voice: by a command or from a message's menu, then by a button.

Knows: what is typed and pressed, where files are on the disk. Does not know: the subject of a test.
"""

from pathlib import Path
from typing import Any, Final

from sandbox import Member, Message, Upload
from tests.discord.running import Running
from tests.discord.scene import Scene
from tests.process.recorded import converted

AGREE: Final = "I agree"
USE: Final = "Use this voice"
#: An answer may take so long; everything that a test waits for comes sooner.
ANSWER_SECONDS: Final = 15.0


def speech_file(filename: str = "ada.mp3") -> Upload:
    """Eight seconds of speech."""
    return Upload(filename, converted(filename.rpartition(".")[2]))


async def ask(
    scene: Scene,
    file: Upload | None = None,
    *,
    name: str = "Morning",
    by: Member | None = None,
    **values: Any,
) -> Message:
    """/voice upload: the private answer, which asks for consent or refuses."""
    values = {"file": file or speech_file(), "name": name, **values}
    interaction = await scene.command("voice upload", values, by=by)
    answer = await interaction.original()
    assert answer.ephemeral
    return answer


async def agree(scene: Scene, question: Message, *, by: Member | None = None) -> Message:
    """Press the button: the answer, which describes the voice or says why there is none."""
    pressed = await (by or scene.ada).press(question, AGREE)
    answer = await (await pressed.answered()).original(ANSWER_SECONDS)
    assert answer.ephemeral
    return answer


async def give(
    scene: Scene,
    file: Upload | None = None,
    *,
    name: str = "Morning",
    by: Member | None = None,
    **values: Any,
) -> Message:
    """Both: the answer, which describes the voice."""
    question = await ask(scene, file, name=name, by=by, **values)
    assert question.buttons == [AGREE], question.content
    return await agree(scene, question, by=by)


def kept(bot: Running) -> list[Path]:
    """The recordings that are kept."""
    folder = bot.settings.mynah_references_dir
    return sorted(folder.glob("*.wav")) if folder.is_dir() else []


def left_over(bot: Running) -> list[Path]:
    """The files in the folder in which recordings are analyzed."""
    return list((bot.settings.mynah_data_dir / "uploads").iterdir())
