"""Splits a job's text into chunks, as the engine's info asks. Pure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from engine.model.engine import MOST_CONTEXT, EngineInfo, SynthesisRequest
from engine.model.errors import UnknownVoice
from engine.model.jobs import Chunk, ChunkState, Job, JobRequest, Substitution
from engine.model.voice_names import built_in
from engine.model.voices import voice_number
from engine.queue.audio_cache import audio_key
from engine.queue.state import LiveChunk
from engine.text import normalize, split


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The chunks that replace a job's chunks from position `since` on, each with the key of its
    audio."""

    voice: str
    since: int
    chunks: list[tuple[Chunk, str]]


@dataclass(frozen=True)
class ActiveEngine:
    """The engine's info, and what follows from it for a job. `fallback`: this engine speaks while
    the main one is down."""

    info: EngineInfo
    fallback: bool = False

    @cached_property
    def id(self) -> str:
        """Differs between engines that split text differently or sound different."""
        shape = {**self.info.to_json(), "slots": None}
        return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def _voices(self) -> frozenset[str]:
        return frozenset(voice.id for voice in self.info.voices)

    def has(self, voice: str, reference: str | None = None) -> bool:
        """Whether a job may ask for this voice; "" is the engine's default.

        Every engine accepts a registered voice (one with a reference): an engine that cannot clone
        speaks in its default voice.
        """
        if reference is not None:
            return voice_number(voice) is not None
        return voice == "" or voice in self._voices

    def voice_of(self, job: JobRequest) -> str:
        """The job's voice. A name that was typed before any engine was known becomes the id of the
        built-in voice with that name, if there is one."""
        if job.typed and job.reference is None and not self.has(job.voice):
            found = built_in(self.info, job.voice)
            return job.voice if found is None else found.id
        return job.voice

    def refusal(
        self, job: JobRequest, *, known: bool = False, before: EngineInfo | None = None
    ) -> UnknownVoice | None:
        """Why this engine cannot speak a job; None if it can.

        `known`: the job was split under an engine that had its voice, so a fallback engine may
        speak in place of that one. `before`: the previous engine, which may know the voice's name.
        """
        lacks = job.typed and not self.has(self.voice_of(job), job.reference)
        if lacks and not (known and self.fallback):
            return UnknownVoice(
                f"no voice {job.voice!r} of {self.info.name}",
                code="no-voice-named",
                voice=_name(before, job.voice),
            )
        if not self.speaks(job):
            return UnknownVoice(f"{self.info.name} has no voice of its own", code="no-own-voice")
        return None

    def speaks(self, job: JobRequest) -> bool:
        """Whether there is a voice for the job: its own, or the engine's default."""
        own = bool(self.info.default_voice) or self.voice_of(job) in self._voices
        return own or self._clones(job)

    def request(self, job: Job, text: str) -> SynthesisRequest:
        """The request to the engine, for a job that it `speaks`."""
        knobs = {knob.name: knob for knob in self.info.styles}
        style = {
            name: value
            for name, value in job.style.items()
            if name in knobs and knobs[name].takes(value)
        }
        context = job.text[:MOST_CONTEXT] if self.info.finds_language else None
        if self._clones(job):
            voice, reference = job.voice, job.reference
        else:
            voice = job.voice if job.voice in self._voices else self.info.default_voice
            reference = None
        return SynthesisRequest(
            text=text, voice=voice, reference=reference, context=context, style=style
        )

    def substitution(self, job: JobRequest) -> Substitution | None:
        """What speaks a job in place of the requested voice; None if that voice speaks."""
        if self.fallback:
            return Substitution.FALLBACK
        if job.reference is not None:
            return None if self.info.clones else Substitution.OWN_VOICE
        return None if self.has(self.voice_of(job)) else Substitution.LACKING

    def _clones(self, job: JobRequest) -> bool:
        return self.info.clones and job.reference is not None

    def key(self, job: Job, text: str) -> str:
        """The key of the audio of a chunk of `job`."""
        return audio_key(self.request(job, text), self.info)

    def cut(self, job: Job, chunks: Sequence[LiveChunk] = ()) -> Cut:
        """Split the job again, except for those of its `chunks` that are spoken or that a player
        has taken.

        The job keeps the requested voice even if this engine lacks it, because the next engine may
        have it.
        """
        voice = self.voice_of(job)
        job = replace(job, voice=voice)
        since = untouched(chunks)
        if since:
            text = " ".join(live.chunk.text for live in chunks[since:])
        else:
            text = normalize(job.text)
        least, most = self.info.least_characters, self.info.most_characters
        return Cut(
            voice=voice,
            since=since,
            chunks=[
                (
                    Chunk(
                        job_id=job.id,
                        position=position,
                        text=each.text,
                        pause_after=each.pause_after,
                    ),
                    self.key(job, each.text),
                )
                for position, each in enumerate(split(text, least=least, most=most), since)
            ],
        )


def _name(info: EngineInfo | None, voice: str) -> str:
    voices = () if info is None else info.voices
    return next((each.name for each in voices if each.id == voice), voice)


def all_made(chunks: Sequence[LiveChunk]) -> bool:
    """Whether these chunks need no engine any more: a player has all that is left of them."""
    waits = (ChunkState.QUEUED, ChunkState.SYNTHESIZING)
    return bool(chunks) and (
        untouched(chunks) == len(chunks) and not any(chunk.state in waits for chunk in chunks)
    )


def untouched(chunks: Sequence[LiveChunk]) -> int:
    """The position after the last chunk that is spoken or that a player has taken."""
    for at in range(len(chunks), 0, -1):
        chunk = chunks[at - 1]
        if chunk.state is ChunkState.SPOKEN or chunk.sound is not None:
            return at
    return 0
