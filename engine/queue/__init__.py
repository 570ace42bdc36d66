"""The durable queue: text in, sound out, nothing lost in between. `SpeechQueue` is the front door.

service.py        the front door, and what takes voices or texts out of the queue
frontend.py       the queue as one front end sees it: its own jobs and lanes
state.py          the queue in memory: order, which chunk is made next, estimates; pure
changes.py        the only writer of jobs, chunks and lanes: check, commit, mirror, publish
deadlines.py      which lane needs its next chunk soonest; pure
chunking.py       splits a job's text into chunks, as the engine's info asks; pure
validation.py     checks a request before anything is written
views.py          jobs as their requesters see them; pure
synthesis.py      has the engine make chunks, and retries failures
attempts.py       the outcomes of an attempt to make a chunk
playback.py       a lane as its frame sender sees it
audio_stream.py   packets between the event loop and the sending thread
audio_cache.py    audio on disk; a whole job as one file
maintenance.py    what happens as time passes: expiry, purging, eviction
recovery.py       at the start, repairs what a kill left behind
rendering.py      fetch-only jobs: when each has its turn, and when it is over
engine_change.py  switches the queue to another engine
"""

from engine.queue.audio_stream import PacketStream, PlaybackItem
from engine.queue.changes import Changed
from engine.queue.frontend import FrontEndQueue
from engine.queue.playback import PlaybackQueue
from engine.queue.service import SpeechQueue

__all__ = [
    "Changed",
    "FrontEndQueue",
    "PacketStream",
    "PlaybackItem",
    "PlaybackQueue",
    "SpeechQueue",
]
