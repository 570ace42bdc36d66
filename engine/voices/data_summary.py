"""What is kept of a member, in numbers: for who is about to have it deleted. And which texts were
spoken in a voice: for who shows its name.

Knows: that it is counted in one go. Does not know: what is deleted (`erasure.py`), any words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.model.voices import Voice
from engine.queue import FrontEndQueue
from engine.store.transaction import Transaction

#: Texts that are looked at again when the name of a voice is no longer to be seen.
MOST_SPOKEN: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """All that is kept of a member."""

    voices: Sequence[Voice]
    texts: int  # jobs, over or not
    waiting: int  # of these, not over
    choices: int  # of a voice to speak in, by server
    lists: int  # voices of others that are shared with them by name
    messages: int  # on Discord, still to be blanked from an earlier time


async def data_summary(speech: FrontEndQueue, member: str) -> DataSummary:
    def count(tx: Transaction) -> DataSummary:
        voices = tx.voices.of_owner(member)
        return DataSummary(voices=voices, **tx.deletions.count_kept(member))

    return await speech.database.read(count)


async def spoken_in(speech: FrontEndQueue, key: str) -> list[int]:
    """The front end's jobs that are over, in this registered voice, or ("") in any; newest
    first."""
    return await speech.database.read(
        lambda tx: tx.jobs.ended_in(speech.frontend, key or None, most=MOST_SPOKEN)
    )
