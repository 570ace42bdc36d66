"""Start and stop: one process per directory, a healthy database, nothing left behind."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from engine.base.settings import load_settings
from engine.model.errors import DatabaseDamaged, DataDirectoryInUse, SetupError
from engine.queue import SpeechQueue
from engine.store.integrity import check_integrity, revisions, upgrade
from engine.store.tables import schema
from mynah.testing.clocks import ManualClock
from mynah.testing.fake_engine import FakeEngine
from tests.flow.harness import ONE, Harness


def speech_on(directory: Path) -> SpeechQueue:
    clock = ManualClock()
    settings = load_settings(_env_file=None, mynah_data_dir=directory)
    return SpeechQueue(settings, FakeEngine(clock), clock)


async def test_fresh_directory_is_made_for_its_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "data"
    speech = speech_on(directory)
    await speech.open()
    await speech.close()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert check_integrity(directory / "mynah.db") == revisions()[-1]


async def test_directory_may_be_given_as_seen_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    speech = speech_on(Path("data"))
    await speech.open()
    await speech.close()
    assert check_integrity(tmp_path / "data" / "mynah.db") == revisions()[-1]


async def test_nothing_can_be_asked_after_close(harness: Harness) -> None:
    """Otherwise a connection would open that nothing closes, and its thread would block the
    exit."""
    speech = await harness.open()
    await harness.close()
    with pytest.raises(RuntimeError, match="closed"):
        await speech.unshown()


async def test_second_process_on_the_directory_is_told_who_has_it(harness: Harness) -> None:
    await harness.open()
    with pytest.raises(DataDirectoryInUse, match=f"process {os.getpid()}"):
        await speech_on(harness.directory).open()
    await harness.say(ONE)  # and the first one is not disturbed


async def test_directory_is_free_again_after_close(harness: Harness) -> None:
    await harness.open()
    await harness.close()
    speech = speech_on(harness.directory)
    await speech.open()
    await speech.close()


async def test_damaged_database_is_refused_with_what_to_do(harness: Harness) -> None:
    file = harness.directory / "mynah.db"
    whole = file.read_bytes()
    file.write_bytes(b"this was a database once" * 100)
    with pytest.raises(DatabaseDamaged, match="Put a backup in its place"):
        await harness.open()
    file.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    with pytest.raises(DatabaseDamaged, match="is damaged"):
        await harness.open()
    file.write_bytes(whole)
    await harness.open()  # the refusals left the directory free


async def test_database_of_a_newer_version_is_refused(harness: Harness) -> None:
    with closing(sqlite3.connect(harness.directory / "mynah.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(DatabaseDamaged, match="newer mynah"):
        await harness.open()


async def test_directory_that_cannot_be_made_is_a_setup_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError, match="MYNAH_DATA_DIR"):
        await speech_on(tmp_path / "file" / "data").open()


def test_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    upgrade(tmp_path / "migrated.db")
    migrated = create_engine(f"sqlite:///{tmp_path}/migrated.db")
    declared = create_engine(f"sqlite:///{tmp_path}/declared.db")
    schema.create_all(declared)

    def shape(name: str) -> list[object]:
        described: list[object] = []
        for engine in (migrated, declared):
            look = inspect(engine)
            described.append(
                {
                    "columns": [
                        {**column, "type": str(column["type"])} for column in look.get_columns(name)
                    ],
                    "key": look.get_pk_constraint(name),
                    "foreign": look.get_foreign_keys(name),
                    "indexes": [
                        {
                            **index,
                            "dialect_options": {
                                name: str(option)
                                for name, option in index.get("dialect_options", {}).items()
                            },
                        }
                        for index in look.get_indexes(name)
                    ],
                    "unique": look.get_unique_constraints(name),
                }
            )
        return described

    for name in schema.tables:
        made, said = shape(name)
        assert made == said
    for engine in (migrated, declared):
        engine.dispose()


def test_alembic_is_not_imported_where_the_schema_is_new_enough(migrated: Path) -> None:
    script = (
        "import sys, pathlib, engine.queue\n"
        "from engine.store.integrity import upgrade\n"
        f"upgrade(pathlib.Path({str(migrated)!r}))\n"
        "print([m for m in sys.modules if m.split('.')[0] in\n"
        "  ('alembic', 'numpy', 'av', 'soxr', 'discord', 'httpx', 'starlette')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


async def test_close_leaves_no_thread_and_no_task(harness: Harness) -> None:
    threads = set(threading.enumerate())
    tasks = asyncio.all_tasks()
    await harness.open()
    await harness.say(ONE)
    harness.speech.player("lane")
    await harness.quiet()
    await harness.close()
    left = {thread for thread in threading.enumerate() if thread not in threads}
    assert not [thread for thread in left if "database" in thread.name]
    assert asyncio.all_tasks() == tasks


async def test_closing_while_all_is_busy_loses_nothing(harness: Harness) -> None:
    harness.engine.pace = 1.0
    speech = await harness.open(mynah_max_queue_member=50)
    submits = [asyncio.ensure_future(harness.say(f"{ONE} {n}")) for n in range(30)]
    await harness.pass_time(0.3)
    jobs = [await submit for submit in submits]
    assert len(jobs) == 30
    speech = await harness.restart()
    assert [view.job.id for view in await speech.queue("lane")] == [job.id for job in jobs]
