"""How a member gives the real bot a voice, and what is stored of it on the disk.

Knows: what is typed and pressed, where recordings are. Does not know: the subject of a test.
"""

from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Final

from sandbox import Interaction, Member, Message, Upload
from tests.process.process import PATIENCE
from tests.process.recorded import converted
from tests.process.stage import Stage

AGREE: Final = "I agree"


def recording() -> Upload:
    """Eight seconds of speech."""
    return Upload("voice.mp3", converted("mp3"))


def tedious_recording() -> Upload:
    """A recording that cannot be read to its end in the time allowed: 200,000 titles in front."""
    titles = b"".join(
        b"TXXX" + (12).to_bytes(4, "big") + b"\0\0\0" + f"k{number:06d}".encode() + b"\0abc"
        for number in range(200_000)
    )
    size = len(titles)
    sizes = bytes(size >> shift & 127 for shift in (21, 14, 7, 0))  # id3.org, ID3v2.4, section 6.2
    return Upload("voice.mp3", b"ID3\3\0\0" + sizes + titles + converted("mp3"))


async def asked(
    stage: Stage, file: Upload | None = None, *, name: str = "Morning", by: Member | None = None
) -> Message:
    """/voice upload: the private answer, which asks for consent or refuses."""
    values = {"file": file or recording(), "name": name}
    interaction = await (by or stage.alice).command("voice upload", values)
    await interaction.answered(PATIENCE)
    return await interaction.original(PATIENCE)


async def pressed(stage: Stage, question: Message, *, by: Member | None = None) -> Interaction:
    """The button below it was pressed, and the press has its first answer: "thinking"."""
    press = await (by or stage.alice).press(question, AGREE)
    return await press.answered(PATIENCE)


async def given(
    stage: Stage, file: Upload | None = None, *, name: str = "Morning", by: Member | None = None
) -> Message:
    """Both: the answer, which describes the voice or says why there is none."""
    question = await asked(stage, file, name=name, by=by)
    press = await pressed(stage, question, by=by)
    return await press.original(PATIENCE)


async def told(stage: Stage, path: str, by: Member | None = None, **values: str) -> str:
    """What the private answer to a command says."""
    interaction = await (by or stage.alice).command(path, values)
    await interaction.answered(PATIENCE)
    return (await interaction.original(PATIENCE)).content


def recordings(stage: Stage) -> list[Path]:
    """The recordings that are kept for members."""
    return sorted((stage.data / "given").glob("*"))


def half_done(stage: Stage) -> list[Path]:
    """The files in the folder in which recordings are analyzed."""
    return list((stage.data / "uploads").iterdir())


def rows(stage: Stage) -> dict[str, int]:
    """How many rows are about voices, in the database of a bot that may be running."""
    tables = ("voices", "consents", "audit", "pending_deletions")
    with closing(connect(f"{(stage.data / 'mynah.db').as_uri()}?mode=ro", uri=True)) as database:
        return {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in tables
        }


NOTHING: Final = {"voices": 0, "consents": 0, "audit": 0, "pending_deletions": 0}


def nothing_is_kept(stage: Stage) -> bool:
    return not recordings(stage) and not half_done(stage) and rows(stage) == NOTHING
