"""`mynah voices`: what the operator does with recordings, also while the bot runs.

Knows: the table that `check` prints; how `freeze` and `release` find a recording by the beginning
of its hash, and block it everywhere. Does not know: how a recording is analyzed, what a running bot
does about a blocked one: it sees the blocklist within a second.
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import Collection
from dataclasses import astuple, dataclass, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from bot.locales.catalog import error_label, label
from engine.base.data_dir import DataDirectory
from engine.base.logging import set_up_logging
from engine.base.settings import Settings, load_settings, secrets_of
from engine.model.errors import BadRecording, Refused, SetupError
from engine.model.voice_names import public_name
from engine.store.readonly import blocked_as, print_of, voices_by_reference
from engine.voices.analysis_process import fingerprint_of
from engine.voices.blocklist import block, blocked_in, unblock
from engine.voices.operator_folder import operator_analyzer
from engine.voices.recording_analyzer import RecordingAnalyzer
from engine.voices.recording_files import RecordingFiles

_HASH_SHOWN: Final = 12  # digits: enough for `freeze`, and to find a file
_MEMBERS: Final = "(a member's)"
_WHOLE: Final = re.compile("[0-9a-f]{64}")
_PART: Final = re.compile("[0-9a-f]{8,64}")


def voices(options: argparse.Namespace) -> int:
    """Do the action that `mynah/__main__.py` has parsed. Returns the exit code."""
    settings = load_settings().model_copy(update={"mynah_log_level": "error"})
    set_up_logging(settings.mynah_log_level, settings.mynah_log_format, secrets_of(settings))
    if options.action == "check":
        return check(settings)
    return {"freeze": freeze, "release": release}[options.action](options.hash)


# ---- check


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recording in the table; the fields are its columns. `hash`: the beginning of its content
    hash, as it is kept; `state`: "ok", or what is wrong."""

    hash: str = "-"
    name: str
    state: str
    speech: str = "-"
    noise: str = "-"
    advice: str = ""


def check(settings: Settings) -> int:
    """Print a line for each recording. Returns 1 if one cannot be used, else 0."""
    rows = asyncio.run(_analyze_all(settings))
    if not rows:
        print(f"There are no recordings in {settings.mynah_references_dir}.")
        return 0
    table = [tuple(column.name for column in fields(Row)), *map(astuple, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        print("  ".join(padded).rstrip())
    return 1 if any(row.state != "ok" for row in rows) else 0


async def _analyze_all(settings: Settings) -> list[Row]:
    recording_files = RecordingFiles.from_settings(settings)
    analyzer = operator_analyzer(settings)
    with tempfile.TemporaryDirectory(prefix="mynah-check-") as folder:
        wav = Path(folder) / "analyzed.wav"
        rows = [
            await _row(analyzer, public_name(file.path.stem), file.path, wav)
            for file in recording_files.operator_recordings().values()
        ]
        rows += [
            await _row_of_kept(analyzer, reference, path, wav)
            for reference in recording_files.kept()
            if (path := recording_files.path(reference))
        ]
        return rows


async def _row_of_kept(analyzer: RecordingAnalyzer, reference: str, path: Path, wav: Path) -> Row:
    short = reference[:_HASH_SHOWN]
    if _hash_of(path) not in (reference, None):
        return Row(hash=short, name=_MEMBERS, state="damaged", advice="the file has changed")
    # The analysis writes another file, which has another hash.
    return replace(await _row(analyzer, _MEMBERS, path, wav), hash=short)


def _hash_of(path: Path) -> str | None:
    """None if the file cannot be read: the analysis says why."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


async def _row(analyzer: RecordingAnalyzer, name: str, path: Path, wav: Path) -> Row:
    try:
        analyzed = await analyzer.analyze(path, wav)
    except Refused as error:
        return Row(name=name, state="rejected", advice=error_label(error))
    except OSError as error:
        return Row(name=name, state="rejected", advice=f"it cannot be read: {error.strerror}")
    return Row(
        hash=analyzed.reference[:_HASH_SHOWN],
        name=name,
        state="ok",
        speech=analyzed.analysis.usable,
        noise=f"{analyzed.analysis.noise:.0f} dB",
        advice="; ".join(label(each.code, **each.fields) for each in analyzed.advice),
    )


# ---- freeze, release


def freeze(typed: str) -> int:
    """Block the recording with this content hash, or the only one that begins so. Raises SetupError
    if there is none, or there are several."""
    settings = load_settings()
    data = DataDirectory(settings.mynah_data_dir)
    counts = voices_by_reference(data.database)
    recording_files = RecordingFiles.from_settings(settings)
    kept = {*recording_files.kept(), *recording_files.kept_converted()}
    reference = _one(typed, {*counts, *kept})
    fingerprint = print_of(data.database, reference) or _computed(recording_files, reference)
    block(data.blocked_recordings, reference, fingerprint)
    print(f"Frozen: {reference}. {_have_it(counts[reference])}")
    print("A running bot stops speaking in it within a second, and rejects uploads of it.")
    if fingerprint:
        print("It is recognized by its sound, even if it was changed a little.")
    else:
        print("There is no copy of the recording here, so only exact copies are recognized.")
    print(f"To undo this: mynah voices release {reference[:_HASH_SHOWN]}")
    return 0


def release(typed: str) -> int:
    """Allow it again, and the recordings that were recognized as it. Raises SetupError likewise."""
    data = DataDirectory(load_settings().mynah_data_dir)
    counts = voices_by_reference(data.database)
    blocked = blocked_in(data.blocked_recordings)
    wanted = _one(typed, {*blocked, *counts})
    # A voice may be silent because its recording was recognized as a frozen one.
    released = [wanted] if wanted in blocked else blocked_as(data.database, wanted)
    if not set(released) & blocked:
        raise SetupError(f"{wanted} is not frozen.")
    for reference in released:
        unblock(data.blocked_recordings, reference)
        print(f"Released: {reference}. {_have_it(counts[reference])}")
    return 0


def _computed(recording_files: RecordingFiles, reference: str) -> bytes:
    """The fingerprint of a recording that no voice has; empty if there is no readable file."""
    place = recording_files.path(reference)
    if place is None:
        return b""
    try:
        return asyncio.run(fingerprint_of(place))
    except BadRecording as error:
        reason = error_label(error)
        print(f"The recording {place} has no fingerprint. {reason}")
        return b""


def _one(typed: str, known: Collection[str]) -> str:
    """The hash that was meant. A whole one may be unknown: the recording may come later."""
    wanted = typed.strip().lower().removesuffix(".wav")
    if _WHOLE.fullmatch(wanted):
        return wanted
    if not _PART.fullmatch(wanted):
        raise SetupError(
            f"{typed!r} is not a content hash, which has 64 of the digits 0-9 and a-f. The first 8 "
            "or more of them are enough. `mynah voices check` lists them."
        )
    found = sorted(each for each in known if each.startswith(wanted))
    if not found:
        raise SetupError(
            f"No recording has a hash that begins with {wanted}. `mynah voices check` lists them."
        )
    if len(found) > 1:
        raise SetupError(
            f"Several hashes begin with {wanted}: {', '.join(found)}. Type more digits."
        )
    return found[0]


def _have_it(count: int) -> str:
    return f"{count or 'No'} voice{' has' if count == 1 else 's have'} it."
