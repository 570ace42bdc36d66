"""The durable queue: text in, sound out, nothing lost in between. `SpeechQueue` is the front door.

service.py        the front door
frontend.py       the queue as one front end sees it: its own jobs and lanes
state.py          the queue in memory: order, what is made next, what lies ahead; pure
changes.py        the only writer of jobs, chunks and lanes: check, commit, mirror, publish
deadlines.py      which lane's next chunk is heard soonest; pure
chunking.py       from a job's text to chunks, as the engine's info asks; pure
validation.py     may this text be submitted? before anything is written
limits.py         may one more job wait in a lane; pure
views.py          jobs as their requesters see them; pure
synthesis.py      has chunks made, tries again what breaks
attempts.py       what becomes of an attempt to make a chunk
playback.py       a lane as its sender sees it
audio_stream.py   packets between the event loop and the sending thread
audio_cache.py    audio on disk
job_audio.py      a whole job as one file
maintenance.py    what time does: expiry, forgetting, eviction
recovery.py       what a kill leaves, set right at the start
rendering.py      jobs whose sound is only fetched: whose turn it is, when they are over
retraction.py     a commit that takes voices or texts out of the queue
engine_change.py  another engine comes into use
events.py         what changed, published to each front end's subscribers
"""

from engine.queue.audio_stream import PacketStream, PlaybackItem
from engine.queue.events import Changed
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
