"""How much data of a member is stored, which members read before they delete it; and which texts
were spoken in a voice, for front ends that show its name.

Does not know: what a deletion covers (`erasure.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.model.voices import Voice
from engine.queue import FrontEndQueue
from engine.store.transaction import Transaction

#: Texts that a front end checks again when the name of a voice must no longer be shown.
MOST_SPOKEN: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """The stored data of a member."""

    voices: Sequence[Voice]
    texts: int  # jobs, ended or live
    waiting: int  # of these, live
    choices: int  # of a voice to speak in, by server
    lists: int  # voices of others that are shared with them by name
    messages: int  # that earlier deletions have not yet redacted


async def data_summary(speech: FrontEndQueue, member: str) -> DataSummary:
    def count(tx: Transaction) -> DataSummary:
        voices = tx.voices.of_owner(member)
        return DataSummary(voices=voices, **tx.deletions.count_kept(member))

    return await speech.database.read(count)


async def spoken_in(speech: FrontEndQueue, key: str) -> list[int]:
    """The front end's ended jobs in this registered voice, or ("") in any; newest first."""
    return await speech.database.read(
        lambda tx: tx.jobs.ended_in(speech.frontend, key or None, most=MOST_SPOKEN)
    )
