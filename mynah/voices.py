"""`mynah voices`: what the operator does with recordings, also while the bot runs.

Knows: its words, the table that `check` prints. Does not know: how a recording is examined.
"""

import argparse
import asyncio
import tempfile
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from engine.base.logging import set_up_logging
from engine.base.settings import Settings, load_settings, secrets_of
from engine.model.errors import Refused
from engine.model.voice_names import public_name
from engine.voices.operator_folder import operator_analyzer
from engine.voices.recording_analyzer import Analyzed, RecordingAnalyzer
from engine.voices.recording_files import RecordingFiles
from mynah.voices_freeze import freeze, release

_HASH_SHOWN: Final = 12  # digits: enough for `freeze`, and to find a file by
_HEADS: Final = ("hash", "name", "state", "speech", "noise", "advice")
_MEMBERS: Final = "(a member's)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recording in the table. `hash`: its content hash, as it is kept; `state`: "ok", or what
    it is that fails."""

    hash: str = "-"
    name: str
    state: str
    speech: str = "-"
    noise: str = "-"
    advice: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        short = self.hash[:_HASH_SHOWN]
        return (short, self.name, self.state, self.speech, self.noise, self.advice)


def voices(options: argparse.Namespace) -> int:
    """Do what was asked for (`mynah/__main__.py` has the words). Returns the exit code."""
    settings = load_settings().model_copy(update={"mynah_log_level": "error"})
    set_up_logging(settings.mynah_log_level, settings.mynah_log_format, secrets_of(settings))
    match options.action:
        case "check":
            return check(settings)
        case "freeze":
            return freeze(options.hash)
        case "release":
            return release(options.hash)
        case unknown:
            raise AssertionError(unknown)


def check(settings: Settings) -> int:
    """Print a line a recording. Returns 1 where one cannot serve, else 0."""
    rows = asyncio.run(_analyze_all(settings))
    if not rows:
        print(f"No recordings in {settings.mynah_references_dir}.")
        return 0
    _print(rows)
    return 1 if any(row.state != "ok" for row in rows) else 0


async def _analyze_all(settings: Settings) -> list[Row]:
    recording_files = RecordingFiles(
        settings.mynah_references_dir, settings.mynah_data_dir / "references"
    )
    analyzer = operator_analyzer(settings)
    with tempfile.TemporaryDirectory(prefix="mynah-check-") as folder:
        wav = Path(folder) / "examined.wav"
        files = [
            (public_name(file.path.stem), file.path)
            for file in recording_files.operator_recordings().values()
        ]
        kept = [
            (each, path) for each in recording_files.kept() if (path := recording_files.path(each))
        ]
        return [
            *[await _row(analyzer, name, path, wav) for name, path in files],
            *[await _row_of_kept(analyzer, name, path, wav) for name, path in kept],
        ]


async def _row_of_kept(analyzer: RecordingAnalyzer, reference: str, path: Path, wav: Path) -> Row:
    if _hash_of(path) not in (reference, None):
        told = "it is not what was kept"
        return Row(hash=reference, name=_MEMBERS, state="damaged", advice=told)
    # Examined again, it would be another file.
    return replace(await _row(analyzer, _MEMBERS, path, wav), hash=reference)


def _hash_of(path: Path) -> str | None:
    """None where it cannot be read: the examination says why."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


async def _row(analyzer: RecordingAnalyzer, name: str, path: Path, wav: Path) -> Row:
    try:
        analyzed: Analyzed = await analyzer.analyze(path, wav)
    except Refused as error:
        return Row(name=name, state="unfit", advice=error.user_message)
    except OSError as error:
        return Row(name=name, state="unfit", advice=f"it cannot be read: {error.strerror}")
    analysis = analyzed.analysis
    return Row(
        hash=analyzed.reference,
        name=name,
        state="ok",
        speech=analysis.usable,
        noise=f"{analysis.noise:.0f} dB",
        advice="; ".join(analyzed.advice),
    )


def _print(rows: list[Row]) -> None:
    table = [_HEADS, *(row.cells for row in rows)]
    # The last column is as long as it is.
    widths = [max(len(cells[column]) for cells in table) for column in range(len(_HEADS) - 1)]
    for cells in table:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
        print("  ".join([*padded, cells[-1]]).rstrip())
