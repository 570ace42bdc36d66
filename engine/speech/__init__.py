"""Speech: text in, sound out, nothing lost in between. `Speech` is the front door.

pipeline.py    the front door
jobs.py        what a job, a chunk and a lane are, and which states may follow which; pure
lanes.py       the queue in memory: order, what is made next, what lies ahead; pure
schedule.py    which lane's next chunk is heard soonest; pure
splitting.py   from a job's text to chunks, as the engine's card asks; pure
admission.py   may this text be submitted? asked before anything is written
quota.py       may one more job wait in a lane; pure
views.py       jobs as their requesters see them; pure
queue.py       memory and database bound together: commit first, then show
shield.py      work that runs to its end even if its caller is cancelled
tries.py       what becomes of a try to make a chunk
workers.py     has chunks made, tries again what breaks
player.py      a lane as its sender sees it
keeper.py      what time does: expiry, forgetting, eviction
recovery.py    what a kill leaves, set right at the start
amending.py    a commit that takes voices or texts out of the queue
adoption.py    another engine's card comes into use
cache.py       audio on disk
recording.py   a whole job as one file
events.py      what changed, told to followers
sound.py       sound between the event loop and the sending thread
directory.py   the data directory and its lock
scripted.py    an engine for tests
"""

from engine.speech.events import Changed
from engine.speech.pipeline import Speech
from engine.speech.player import LanePlayer
from engine.speech.sound import Cue, Sound

__all__ = ["Changed", "Cue", "LanePlayer", "Sound", "Speech"]
