"""A whole job as one file: its chunks' audio from the cache, and the pauses between them."""

from collections.abc import Sequence

from engine.model.audio_format import FRAMES_PER_SECOND, SILENCE
from engine.model.jobs import Chunk, ChunkState
from engine.queue.audio_cache import AudioCache
from engine.tts.audio.ogg import write_ogg


def record(cache: AudioCache, chunks: Sequence[Chunk]) -> bytes | None:
    """The chunks that were made, in order, with their pauses, as an Ogg Opus stream. Blocks.

    Returns None if there are none, or if the audio of one is gone. Skips chunks that failed.
    """
    packets: list[bytes] = []
    for chunk in chunks:
        if chunk.state is ChunkState.FAILED:
            continue
        if chunk.state not in (ChunkState.READY, ChunkState.SPOKEN):
            break
        heard = None if chunk.audio is None else cache.read(chunk.audio)
        if heard is None:
            return None
        packets += heard
        packets += [SILENCE] * round(chunk.pause_after * FRAMES_PER_SECOND)
    return write_ogg(packets) if packets else None
