"""The database as other packages see it: a transaction, with a repository for each noun.

A transaction is valid only within the function that `Database.read` or `Database.write` runs.
"""

from sqlalchemy import Connection

from engine.store.audio import AudioIndex, AudioRow
from engine.store.audit import Attempts, AuditLog
from engine.store.deletions import NOBODY, DeletionKind, Deletions, PendingRedaction
from engine.store.freezes import EVERYWHERE, MOST_PRINTS, Freezes, Frozen
from engine.store.jobs import Chunks, Jobs, Lanes, Metadata
from engine.store.voices import Rules, Voices

__all__ = [
    "EVERYWHERE",
    "MOST_PRINTS",
    "NOBODY",
    "AudioRow",
    "DeletionKind",
    "Frozen",
    "PendingRedaction",
    "Transaction",
]


class Transaction:
    """One transaction: all of it is committed, or none of it."""

    def __init__(self, connection: Connection) -> None:
        self.jobs = Jobs(connection)
        self.chunks = Chunks(connection)
        self.lanes = Lanes(connection)
        self.metadata = Metadata(connection)
        self.audio = AudioIndex(connection)
        self.voices = Voices(connection)
        self.rules = Rules(connection)
        self.freezes = Freezes(connection)
        self.audit = AuditLog(connection)
        self.deletions = Deletions(connection)
        self.attempts = Attempts(connection)
