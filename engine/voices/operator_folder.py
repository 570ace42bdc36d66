"""Makes public voices of the recordings that the operator puts into the folder of references.

Knows: that folder, the result of each file's analysis, when a file has stopped changing. Does not
know: how a recording is analyzed (`recording_analyzer.py`), how a voice is registered
(`operator_voices.py`).

The folder is read each second. A file is analyzed when two reads in a row find it unchanged,
because a copy in progress grows. The results are stored beside the converted copies, so that a
restart analyzes nothing again.
"""

import asyncio
import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol, Self

import structlog

from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.base.settings import MEBIBYTE, Settings
from engine.model.errors import BadRecording, Busy, Refused
from engine.model.voice_names import name_key, public_name
from engine.model.voices import RecordingAnalysis, Voice
from engine.voices.recording_analyzer import (
    EDITION,
    Analyzed,
    RecordingAnalyzer,
    RecordingLimits,
    advice,
    preview_beside,
)
from engine.voices.recording_files import OperatorRecording, RecordingFiles

LOOK_SECONDS: Final = 1.0
#: The operator's files may be large. Members' uploads have a lower limit, a setting.
MOST_BYTES: Final = 256 * MEBIBYTE
_INDEX: Final = "index.json"
_WORK: Final = ".mynah-analyzed.wav"  # `sweep` removes all files with that prefix

log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """The methods of VoiceRegistry that this module needs."""

    async def published(self) -> Sequence[Voice]: ...
    async def publish(self, name: str, analyzed: Analyzed, /) -> Voice: ...
    async def unpublish(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of a file of this size and time: a recording, or why it was rejected."""

    size: int
    mtime: int
    reference: str | None = None
    analysis: dict[str, Any] | None = None
    fingerprint: str | None = None  # base64
    rejected: str | None = None  # the error's code

    def is_of(self, file: OperatorRecording) -> bool:
        return (self.size, self.mtime) == (file.size, file.mtime)


class OperatorFolder:
    """Call `start` after the registry's `start`, and `close` before its `close`."""

    def __init__(
        self,
        recording_files: RecordingFiles,
        analyzer: RecordingAnalyzer,
        registry: Publisher,
        clock: Clock,
    ) -> None:
        self._recording_files = recording_files
        self._analyzer = analyzer
        self._registry = registry
        self._clock = clock
        self._seen: dict[str, OperatorRecording] = {}
        self._found: dict[str, Finding] = {}
        #: Files whose analysis failed. It is tried again when they change, and at the next start.
        self._failed: dict[str, OperatorRecording] = {}
        self._warned: frozenset[tuple[str, str]] = frozenset()
        self._published: object = None  # the state that the registry last got
        self._tasks = TaskSet()

    @classmethod
    def from_settings(cls, settings: Settings, registry: Publisher, clock: Clock) -> Self:
        files = RecordingFiles.from_settings(settings)
        return cls(files, operator_analyzer(settings), registry, clock)

    async def start(self) -> None:
        await asyncio.to_thread(self._recording_files.sweep)
        self._found = await asyncio.to_thread(self._read_index)
        self._tasks.start(self._run(), name="operator folder")

    async def close(self) -> None:
        await self._tasks.cancel()

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                # The edge of this task: a full or failing disk, or our bug. The next read may
                # succeed, and registered voices stay.
                log.exception("the folder of references could not be read")
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Read the folder once; analyze, publish and withdraw what has changed."""
        files = await asyncio.to_thread(self._recording_files.operator_recordings)
        converted = set(await asyncio.to_thread(self._recording_files.kept_converted))
        for name, file in files.items():
            if self._seen.get(name) == file and not self._is_known(name, file, converted):
                await self._analyze(name, file)
        self._seen = files
        await self._publish_all(files)

    def _is_known(self, name: str, file: OperatorRecording, converted: set[str]) -> bool:
        found = self._found.get(name)
        if self._failed.get(name) == file:
            return True
        if found is None or not found.is_of(file):
            return False
        return found.reference is None or found.reference in converted

    async def _analyze(self, name: str, file: OperatorRecording) -> None:
        wav = self._recording_files.converted / _WORK
        await asyncio.to_thread(wav.parent.mkdir, parents=True, exist_ok=True)
        try:
            analyzed = await self._analyzer.analyze(file.path, wav)
            await asyncio.to_thread(self._recording_files.keep_converted, wav, analyzed.reference)
            preview = await asyncio.to_thread(analyzed.preview.read_bytes)
            await asyncio.to_thread(self._recording_files.keep_preview, preview, analyzed.reference)
        except Busy:
            return
        except FileNotFoundError:
            return  # deleted meanwhile: the next read notices
        except BadRecording as error:
            log.warning(
                "a recording in the folder of references cannot be used",
                file=name,
                code=error.code,
            )
            if error.retryable:
                self._failed[name] = file
                return
            found = Finding(size=file.size, mtime=file.mtime, rejected=error.code)
        else:
            found = Finding(
                size=file.size,
                mtime=file.mtime,
                reference=analyzed.reference,
                analysis=analyzed.analysis.to_json(),
                fingerprint=base64.b64encode(analyzed.fingerprint).decode(),
            )
        finally:
            for each in (wav, preview_beside(wav)):
                await asyncio.to_thread(each.unlink, missing_ok=True)
        self._found[name] = found
        await asyncio.to_thread(self._write_index)

    async def _publish_all(self, files: dict[str, OperatorRecording]) -> None:
        """Make the public voices match the folder."""
        wanted: dict[str, tuple[str, Finding]] = {}
        kept: set[str] = set()  # name keys of files that still change, or wait for analysis
        duplicates: set[tuple[str, str]] = set()
        for file_name, file in files.items():
            name = public_name(file.path.stem)
            found = self._found.get(file_name)
            if found is None or not found.is_of(file):
                if self._failed.get(file_name) != file:
                    kept.add(name_key(name))
            elif found.reference is not None:
                if name_key(name) in wanted:
                    duplicates.add((file_name, name))
                else:
                    wanted[name_key(name)] = (name, found)
        self._warn_of_duplicates(duplicates)
        state = ({key: (name, found.reference) for key, (name, found) in wanted.items()}, kept)
        if state == self._published:
            return
        published = {name_key(voice.name): voice for voice in await self._registry.published()}
        for key, (name, found) in wanted.items():
            before = published.get(key)
            if before is None or (before.name, before.reference) != (name, found.reference):
                await self._publish(name, found)
        for key, voice in published.items():
            if key not in wanted and key not in kept:
                await self._registry.unpublish(voice.name)
                log.info("a public voice is withdrawn", name=voice.name)
        still_used = {voice.reference for key, voice in published.items() if key in kept}
        await self._forget(files, still_used)
        self._published = state

    async def _publish(self, name: str, found: Finding) -> None:
        assert found.reference is not None
        assert found.analysis is not None
        wav = await asyncio.to_thread(self._recording_files.path, found.reference)
        if wav is None:
            return  # deleted meanwhile: the next read converts the file again
        analysis = RecordingAnalysis.from_json(found.analysis)
        analyzed = Analyzed(
            wav=wav,
            reference=found.reference,
            analysis=analysis,
            advice=advice(analysis),
            fingerprint=base64.b64decode(found.fingerprint or ""),
        )
        try:
            await self._registry.publish(name, analyzed)
        except Refused as error:
            log.warning("a recording cannot be public", name=name, code=error.code)
            return
        log.info("a voice is public", name=name, advice=[each.code for each in analyzed.advice])

    async def _forget(self, files: dict[str, OperatorRecording], still_used: set[str]) -> None:
        """Delete the results of files that are gone. `still_used`: references of voices whose
        changed files wait for analysis."""
        gone = self._found.keys() - files.keys()
        for name in gone:
            del self._found[name]
        self._failed = {name: file for name, file in self._failed.items() if name in files}
        if gone:
            await asyncio.to_thread(self._write_index)
        needed = {found.reference for found in self._found.values()} | still_used
        for reference in await asyncio.to_thread(self._recording_files.kept_converted):
            if reference not in needed:
                await asyncio.to_thread(self._recording_files.drop_converted, reference)

    def _warn_of_duplicates(self, duplicates: set[tuple[str, str]]) -> None:
        for file, name in sorted(duplicates - self._warned):
            log.warning(
                "two recordings in the folder of references have the same name; rename this one",
                file=file,
                name=name,
            )
        self._warned = frozenset(duplicates)

    def _read_index(self) -> dict[str, Finding]:
        """Return {} if the index is missing, damaged, or of another edition: every file is analyzed
        again then."""
        with suppress(OSError, ValueError, TypeError, AttributeError):
            kept = json.loads((self._recording_files.converted / _INDEX).read_bytes())
            if kept.get("edition") == EDITION:
                return {name: Finding(**found) for name, found in kept["files"].items()}
        return {}

    def _write_index(self) -> None:
        files = {name: asdict(found) for name, found in self._found.items()}
        place = self._recording_files.converted / _INDEX
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".mynah-{_INDEX}.part")
        part.write_text(json.dumps({"edition": EDITION, "files": files}), encoding="utf-8")
        part.replace(place)


def operator_analyzer(settings: Settings) -> RecordingAnalyzer:
    """Analyze one file at a time: no member waits for it, and uploads have their own analyzer."""
    limits = RecordingLimits(bytes=MOST_BYTES, seconds=settings.mynah_max_recording)
    return RecordingAnalyzer(limits, at_once=1)
