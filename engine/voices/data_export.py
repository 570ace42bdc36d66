"""A member's data as files to send: JSON, and the recordings as they are kept.

Knows: what belongs to a member, zip files. Does not know: who asked, where the files are sent.
"""

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection

from engine.model.voices import Voice
from engine.store import (
    audit as audit_queries,
)
from engine.store import (
    deletions as erasure_queries,
)
from engine.store import (
    freezes as freeze_queries,
)
from engine.store import (
    rules as rule_queries,
)
from engine.store import (
    voices as voice_queries,
)
from engine.voices.recording_files import RecordingFiles

#: Bytes of a zip file besides the contents of its files: for each, twice its name and 76; 22 for
#: the whole (PKWARE's APPNOTE, sections 4.3.7, 4.3.12, 4.3.16); rounded up. Contents that cannot
#: be deflated grow by 5 bytes every 16 KiB, and a few more.
_HEADERS: Final = 128
_GROWTH: Final = 1 / 2048
_DATA: Final = "mynah-data.json"
_MORE: Final = "mynah-data-{}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataExport:
    """What is kept of a member."""

    data: Mapping[str, Any]
    texts: Sequence[Mapping[str, Any]]
    recordings: Mapping[str, str]  # content hash: name of the file


def collect(connection: Connection, member: str) -> DataExport:
    voices = voice_queries.of_owner(connection, member)
    files = _file_names(voices)
    data = {
        "member": member,
        "voices": [_voice(voice, files[voice.reference]) for voice in voices],
        "consents": [
            {
                "voice": f"@{consent['voice_id']}",
                "server": consent["lane"],
                "words": consent["words"],
                "given_at": _when(consent["given_at"]),
            }
            for consent in voice_queries.consents_of(connection, member)
        ],
        "choices": [
            {"server": lane or "everywhere", "voice": voice}
            for lane, voice in rule_queries.choices_of(connection, member).items()
        ],
        "frozen": [
            {"server": lane or "everywhere", "recording": reference}
            for lane, reference in freeze_queries.freezes_of(connection, member)
        ],
        "blocked_from_giving_voices_on": freeze_queries.bars_of(connection, member),
        "messages_to_be_redacted": [
            _without_token(each.origin)
            for each in erasure_queries.erasures_left(connection, member)
        ],
        "on_the_lists_of": [
            voice.key
            for voice in voice_queries.within_reach(connection, member, None)
            if member in voice.members
        ],
        "audit_log": [
            {
                "at": _when(entry.at),
                "server": entry.lane,
                "action": entry.action,
                "voice": None if entry.voice_id is None else f"@{entry.voice_id}",
                "detail": entry.detail,
            }
            for entry in audit_queries.entries(connection, actor=member, limit=None)
        ],
    }
    return DataExport(
        data=data,
        texts=[_text(row) for row in erasure_queries.jobs_of(connection, member)],
        recordings=files,
    )


async def pack(
    kept: DataExport, recording_files: RecordingFiles, most_bytes: int
) -> list[tuple[str, bytes]]:
    """Zip files of at most `most_bytes` each. Raises ValueError if a recording is larger."""
    return await asyncio.to_thread(_pack, kept, recording_files, most_bytes)


def _pack(
    kept: DataExport, recording_files: RecordingFiles, most_bytes: int
) -> list[tuple[str, bytes]]:
    parts: list[list[tuple[str, bytes]]] = [[]]
    for file in _files(kept, recording_files, most_bytes):
        if parts[-1] and sum(map(_room, [*parts[-1], file])) > most_bytes:
            parts.append([])
        if _room(file) > most_bytes:
            raise ValueError(f"{file[0]} does not fit into {most_bytes} bytes")
        parts[-1].append(file)
    return [(f"mynah-data-{number}.zip", _zip(part)) for number, part in enumerate(parts, 1)]


def _files(
    kept: DataExport, recording_files: RecordingFiles, most_bytes: int
) -> Iterator[tuple[str, bytes]]:
    """One JSON file, or more if the texts are too many for a part; no text is split."""
    number, rest = 1, list(kept.texts)
    while True:
        name = _DATA if number == 1 else _MORE.format(number)
        about = kept.data if number == 1 else {"member": kept.data["member"]}
        count = len(rest)
        while True:
            file = name, _json({**about, "texts": rest[:count]})
            if _room(file) <= most_bytes or count <= (0 if number == 1 else 1):
                break
            count //= 2
        yield file
        del rest[:count]
        if not rest:
            break
        number += 1
    for reference, file_name in kept.recordings.items():
        recording = recording_files.read(reference)
        if recording is not None:  # deleted meanwhile
            yield file_name, recording


def _room(file: tuple[str, bytes]) -> int:
    """The most bytes that a file takes in a zip file."""
    return _HEADERS + 2 * len(file[0].encode()) + len(file[1]) + int(len(file[1]) * _GROWTH)


def _zip(files: Sequence[tuple[str, bytes]]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in files:
            archive.writestr(name, contents)
    return whole.getvalue()


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


def _voice(voice: Voice, file: str) -> dict[str, Any]:
    return {
        "voice": voice.key,
        "name": voice.name,
        "recording": file,
        "shared": voice.scope,
        "server": voice.lane,
        "members": sorted(voice.members),
        "style": dict(voice.style),
        "analysis": voice.analysis.to_json(),
        "uploaded_at": _when(voice.created_at),
    }


def _text(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "server": row["lane"],
        "text": row["text"],
        "voice": row["voice"],
        "style": row["style"],
        "state": row["state"],
        "asked_at": _when(row["created_at"]),
        "begun_at": _when(row["started_at"]),
        "ended_at": _when(row["ended_at"]),
        "origin": _without_token(row["origin"]),
    }


def _without_token(origin: Mapping[str, Any]) -> dict[str, Any]:
    """Interaction tokens are credentials: never export them."""
    return {name: value for name, value in origin.items() if name != "token"}


def _file_names(voices: Sequence[Voice]) -> dict[str, str]:
    """A name for each recording: its voice's, with an id if another recording has the same name."""
    names: dict[str, str] = {}
    for voice in voices:
        if voice.reference in names:
            continue
        plain = "".join(each if each.isalnum() or each in " -_" else "-" for each in voice.name)
        name = f"{plain.strip() or 'voice'}.wav"
        taken = {each.casefold() for each in names.values()}
        names[voice.reference] = f"{voice.id} {name}" if name.casefold() in taken else name
    return names


def _when(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
