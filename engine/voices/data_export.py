"""A member's data as zip files: JSON, and the recordings as they are stored.

Knows: which data belongs to a member, and the size of zip files. Does not know: who requested the
export, where the files go.
"""

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from engine.model.jobs import Job
from engine.model.voices import Voice
from engine.store.transaction import Transaction
from engine.voices.recording_files import RecordingFiles

#: Overhead of a zip file, rounded up: 76 bytes and twice the name for each file in it, and 22 bytes
#: in all (PKWARE's APPNOTE, sections 4.3.7, 4.3.12, 4.3.16).
_HEADERS: Final = 128
#: Contents that cannot be deflated grow by 5 bytes every 16 KiB and a few more.
_GROWTH: Final = 1 / 2048
_DATA: Final = "mynah-data.json"
_MORE: Final = "mynah-data-{}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataExport:
    """The stored data of a member."""

    data: Mapping[str, Any]
    texts: Sequence[Mapping[str, Any]]
    recordings: Mapping[str, str]  # content hash: name of the file


def collect(tx: Transaction, member: str) -> DataExport:
    voices = tx.voices.of_owner(member)
    files = _file_names(voices)
    data = {
        "member": member,
        "voices": [_voice(voice, files[voice.reference]) for voice in voices],
        "consents": [
            {
                "voice": f"@{consent['voice_id']}",
                "server": consent["place"],
                "words": consent["words"],
                "given_at": _when(consent["given_at"]),
            }
            for consent in tx.voices.consents_of(member)
        ],
        "choices": [
            {"server": place or "everywhere", "voice": voice}
            for place, voice in tx.rules.choices_of(member).items()
        ],
        "frozen": [
            {"server": place or "everywhere", "recording": reference}
            for place, reference in tx.freezes.of_owner(member)
        ],
        "blocked_from_giving_voices_on": tx.freezes.places_blocking(member),
        "messages_to_be_redacted": [
            _without_token(each.note) for each in tx.deletions.redactions(member=member)
        ],
        "on_the_lists_of": [
            voice.key for voice in tx.voices.within_reach(member, None) if member in voice.members
        ],
        "audit_log": [
            {
                "at": _when(entry.at),
                "server": entry.place,
                "action": entry.action,
                "voice": None if entry.voice_id is None else f"@{entry.voice_id}",
                "detail": entry.detail,
            }
            for entry in tx.audit.entries(actor=member, limit=None)
        ],
    }
    return DataExport(
        data=data,
        texts=[_text(job) for job in tx.jobs.of_requester(member)],
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
    """Yield one JSON file, or more if the texts do not fit one zip file, then the recordings. No
    text is split."""
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
        if recording is not None:  # deleted after the rows were read
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
        "server": voice.place,
        "members": sorted(voice.members),
        "style": dict(voice.style),
        "analysis": voice.analysis.to_json(),
        "uploaded_at": _when(voice.created_at),
    }


def _text(job: Job) -> dict[str, Any]:
    return {
        "server": job.place,
        "text": job.text,
        "voice": job.voice,
        "style": dict(job.style),
        "state": job.state,
        "asked_at": _when(job.created_at),
        "begun_at": _when(job.started_at),
        "ended_at": _when(job.ended_at),
        "origin": _without_token(job.note),
    }


def _without_token(note: Mapping[str, Any]) -> dict[str, Any]:
    """Interaction tokens are credentials: never export them."""
    return {name: value for name, value in note.items() if name != "token"}


def _file_names(voices: Sequence[Voice]) -> dict[str, str]:
    """A file name for each recording: the name of its voice, made unique if needed."""
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
