"""A database of the last version, with everything that it may contain, works under this one; also
if the migration is killed."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from alembic import command
from sqlalchemy import create_engine

from engine.model.engine import SynthesisRequest
from engine.model.errors import Failure
from engine.model.jobs import EndReason, JobState
from engine.model.voices import ClonePolicy, Requester
from engine.queue.audio_cache import AudioCache, audio_key
from engine.queue.chunking import ActiveEngine
from engine.store.integrity import check_integrity, upgrade
from engine.store.migrate import config_for
from engine.tts.audio.ogg import write_ogg
from mynah.testing.clocks import ManualClock
from mynah.testing.fake_engine import INFO, packet_of
from tests.flow.harness import Harness, Listener, job_for, rows
from tests.flow.voices import Voices

#: The last version's name of its schema.
BEFORE: Final = "0006"
READY = "This part was made before the upgrade."
WAITS = "This part waits to be made."
KEY = audio_key(SynthesisRequest(text=READY, voice="en"), INFO)
NOTE = {"interaction_id": 5, "token": "secret", "message_id": 7}
REPORT = {
    "seconds": 8.0,
    "speech": 7.0,
    "noise": -60.0,
    "snr": 40.0,
    "loudness": -23.0,
    "clipping": 0.0,
    "source": "wav",
}
#: On the clock of the harness.
NOW: Final = ManualClock().time()
ADA = Requester(member="ada", place="7")


def database_of_the_last_version(file: Path) -> None:
    engine = create_engine(f"sqlite:///{file}")
    config = config_for(file)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
        connection.commit()
    engine.dispose()
    engine_id = ActiveEngine(INFO).id
    with closing(sqlite3.connect(file)) as db:

        def put(table: str, **values: object) -> None:
            names = ", ".join(values)
            marks = ", ".join("?" * len(values))
            db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))

        def job(job_id: int, text: str, **values: object) -> None:
            usual: Mapping[str, object] = {
                "lane": "7",
                "requester": "ada",
                "voice": "en",
                "style": "{}",
                "priority": 0,
                "state": "queued",
                "held": False,
                "created_at": 1.0,
                "stalled_before": 2.0,
                "origin": json.dumps(NOTE),
                "origin_key": f"key {job_id}",
                "card": engine_id,
            }
            put("jobs", id=job_id, text=text, **{**usual, **values})

        def chunk(job_id: int, position: int, text: str, **values: object) -> None:
            usual: Mapping[str, object] = {
                "state": "queued",
                "attempts": 0,
                "deaths": 0,
                "pause_after": 0.1,
            }
            chunk_values = {**usual, **values}
            put("chunks", job_id=job_id, position=position, text=text, **chunk_values)

        put("facts", name="card", value=json.dumps(INFO.to_json()))
        put("facts", name="alive", value="5.0")
        job(1, "spoken", state="completed", ended_at=NOW, shown="completed:1")
        job(2, "over", state="failed", ended_at=NOW, error="It failed: “why”?", stand_in="lacking")
        job(3, "never promised", state="cancelled", ended_at=NOW, ended_by="withdrawn")
        job(4, f"Gone already. {READY} {WAITS}", state="speaking", started_at=2.0)
        chunk(4, 0, "Gone already.", state="spoken", seconds=1.0)
        chunk(4, 1, READY, state="ready", audio=KEY, seconds=0.2)
        chunk(4, 2, WAITS, attempts=1, state="synthesizing")
        job(5, "Not promised yet.", held=True)
        chunk(5, 0, "Not promised yet.")
        job(9, "deleted by now")
        db.execute("DELETE FROM jobs WHERE id = 9")
        put("lanes", id="7", place='{"channel": 3}', paused=True, stalled_seconds=4.0)
        put("lanes", id="8", place=None, paused=False, stalled_seconds=0.0)
        put("audio", key=KEY, bytes=1, seconds=0.2, used_at=1.0, voice="")
        for number, member in enumerate(("ada", "bob"), 1):
            put(
                "voices",
                id=number,
                owner=member,
                name="Mine",
                name_key="mine",
                reference=str(number) * 64,
                scope="server",
                lane="7",
                style="{}",
                report=json.dumps(REPORT),
                created_at=1.0,
            )
        put("consents", voice_id=1, member="ada", lane="7", words="Yes.", given_at=1.0)
        put("choices", member="ada", lane="7", voice="@1")
        put("lane_rules", lane="7", default_voice="@1", uploaders="12", cloned="shared")
        put("freezes", id=1, lane="7", owner="bob", reference="2" * 64, print=b"", compared=True)
        put("frozen_voices", freeze_id=1, voice_id=2)
        put("barred_members", lane="7", member="eve")
        put("audit", at=1.0, lane="7", actor="ada", action="upload", voice_id=1, detail="server")
        put("erasures", id=3, member="eve", origin=json.dumps(NOTE))
        put("purges", kind="audio", key="gone")
        put("attempts", mark="mark", at=1.0)
        db.commit()


@pytest.fixture
def old(harness: Harness) -> Path:
    """The harness's data directory, as the last version left it."""
    file = harness.directory / "mynah.db"
    file.unlink()
    database_of_the_last_version(file)
    sound = write_ogg([packet_of(READY, at) for at in range(10)])
    AudioCache(harness.directory / "audio").write(KEY, sound)
    return file


async def test_it_goes_on_where_the_last_version_stopped(harness: Harness, old: Path) -> None:
    speech = await harness.open()
    assert check_integrity(old) == "0007"
    assert [job.id for job in await speech.pending()] == [5]
    assert [job.id for job in await speech.unshown()] == [2]
    lanes = {lane.id: (lane.target, lane.paused) for lane in await speech.lanes()}
    assert lanes == {"7": ({"channel": 3}, True), "8": (None, False)}
    await speech.confirm(5)
    await speech.set_paused("7", False)
    speech.reachable("7", True)
    assert await Listener(speech.player("7")).hear_all() == [READY, WAITS, "Not promised yet."]
    assert READY not in [asked.request.text for asked in harness.engine.asked]
    failed = (await speech.view(2)).job
    assert failed.error == Failure("older-version", {"words": "It failed: “why”?"})
    job = (await speech.view(4)).job
    assert (job.state, job.frontend, job.place) == (JobState.COMPLETED, "discord", "7")
    assert job.note == NOTE
    assert await job_for(speech, "key 4") == job
    assert (await speech.view(3)).job.ended_by is EndReason.ABORTED
    assert (await harness.say()).id == 10  # no id is given twice, not even one that was deleted


async def test_voices_and_decisions_hold_as_before(voices: Voices, old: Path) -> None:
    registry = await voices.open()
    (mine,) = await registry.owners.own("ada")
    assert (mine.key, mine.place) == ("@1", "7")
    assert await registry.selection.may_use(ADA, "@1")
    assert not await registry.selection.may_use(ADA, "@2")  # frozen
    assert await registry.selection.choices("ada") == {"7": "@1"}
    rules = await registry.moderation.rules("7")
    assert (rules.default_voice, rules.uploaders) == ("@1", "12")
    assert rules.cloned is ClonePolicy.SHARED
    assert await registry.moderation.blocked_members("7") == {"eve"}
    assert [entry.actor for entry in await registry.moderation.audit("7")] == ["ada"]
    (left,) = await registry.erasure.pending_redactions("eve", frontend="discord")
    assert (left.id, left.note) == (3, NOTE)


def test_old_texts_are_not_left_in_free_pages(old: Path) -> None:
    with closing(sqlite3.connect(old)) as db:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("DELETE FROM chunks WHERE job_id = 5")
        db.commit()
    upgrade(old)
    with closing(sqlite3.connect(old)) as db:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("DELETE FROM jobs WHERE id = 5")
        db.commit()
    assert b"Not promised yet." not in old.read_bytes()


#: Kills itself before the statement of this number; 0: never, and prints how many there were.
MORTAL: Final = """
import itertools, os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
from engine.store.migrate import upgrade
numbers = itertools.count(1)
@event.listens_for(Engine, "before_cursor_execute")
def strike(*anything):
    if next(numbers) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
upgrade(Path(sys.argv[1]))
print(next(numbers) - 1)
"""


def migrate(file: Path, number: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", MORTAL, str(file), str(number)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.parametrize("part", [0.2, 0.4, 0.6, 0.8, 1.0])
async def test_killed_in_the_middle_it_is_as_it_was_and_goes_on(
    harness: Harness, old: Path, part: float
) -> None:
    before = dump(old)
    copy = shutil.copy(old, old.with_name("copy.db"))
    whole = migrate(Path(copy), 0)
    assert whole.returncode == 0, whole.stderr
    dead = migrate(old, max(1, int(part * int(whole.stdout))))
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    assert check_integrity(old) == BEFORE
    assert dump(old) == before
    speech = await harness.open()
    assert [job.id for job in await speech.pending()] == [5]
    assert len(rows(harness.directory, "SELECT * FROM deliveries")) == 5


def dump(file: Path) -> list[Any]:
    with closing(sqlite3.connect(file)) as db:
        return list(db.iterdump())
