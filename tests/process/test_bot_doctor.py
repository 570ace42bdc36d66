"""`mynah doctor`: it names each fault with its fix, and its exit code says whether there is one."""

import shutil

from tests.process.hosts import without_chatterbox
from tests.process.stage import Stage


async def test_where_all_is_well_it_says_so_of_each_part_and_exits_with_0(stage: Stage) -> None:
    doctor = await stage.run("-m", "mynah", "doctor", MYNAH_ENGINE="espeak")
    code, output = await doctor.report()
    assert code == 0, output
    assert "FAULT" not in output
    for part in ("Python 3.", "DAVE", "Opus", "engine espeak speaks", "database: sound", "free"):
        assert part in output
    assert "none yet, the first upload makes it" in output
    assert "analysis of recordings: ffmpeg decodes" in output
    assert "token: of mynah" in output
    assert "intents" in output


async def test_it_checks_a_bot_that_runs(stage: Stage) -> None:
    await stage.start()
    doctor = await stage.run("-m", "mynah", "doctor")
    code, output = await doctor.report()
    assert code == 0, output
    assert "database: sound" in output


async def test_without_a_token_it_says_where_to_get_one(stage: Stage) -> None:
    doctor = await stage.run("-m", "mynah", "doctor", DISCORD_TOKEN=None)
    code, output = await doctor.report()
    assert code == 1
    assert output.count("FAULT") == 1
    assert "FAULT token: none" in output
    assert "developer portal" in output


async def test_it_names_every_fault_at_once_each_with_its_fix(stage: Stage) -> None:
    with (stage.data / "mynah.db").open("r+b") as file:
        file.seek(4096)  # the second page, from its header on
        file.write(b"damage" * 500)
    doctor = await stage.run(
        "-m",
        "mynah",
        "doctor",
        DISCORD_TOKEN="a.wrong.token",
        MYNAH_ENGINE_URL="http://127.0.0.1:9",
        MYNAH_DISK_RESERVE=str(10**12),
    )
    code, output = await doctor.report()
    assert code == 1
    assert "FAULT database: " in output
    assert "a backup in its place" in output
    assert "FAULT token: refused" in output
    assert "FAULT disk: " in output
    assert "FAULT engine" in output
    assert "See MYNAH_ENGINE and MYNAH_ENGINE_URL" in output
    assert "Traceback" not in output


async def test_it_counts_the_recordings_and_touches_none(stage: Stage) -> None:
    folder = stage.data / "given"
    folder.mkdir()
    for name in ("Anna.mp3", f"{'0' * 64}.wav", f"{'1' * 64}.wav"):
        (folder / name).write_bytes(b"whatever it is")
    before = sorted(folder.iterdir())
    doctor = await stage.run("-m", "mynah", "doctor")
    code, output = await doctor.report()
    assert code == 0, output
    assert f"recordings: {folder}: 2 of members, 1 of yours" in output
    assert sorted(folder.iterdir()) == before


async def test_it_says_why_no_voice_could_be_uploaded(stage: Stage) -> None:
    (stage.data / "given").write_bytes(b"a file in the folder's place")
    doctor = await stage.run(
        "-m", "mynah", "doctor", IMAGEIO_FFMPEG_EXE=str(stage.directory / "nowhere")
    )
    code, output = await doctor.report()
    assert code == 1
    assert output.count("FAULT") == 2
    assert "FAULT recordings: " in output
    assert "see MYNAH_REFERENCES_DIR" in output
    assert "FAULT analysis of recordings: " in output
    assert "IMAGEIO_FFMPEG_EXE must be unset" in output
    assert "Traceback" not in output


@without_chatterbox
async def test_it_says_how_to_install_what_the_engine_needs(stage: Stage) -> None:
    doctor = await stage.run("-m", "mynah", "doctor", MYNAH_ENGINE="chatterbox")
    code, output = await doctor.report()
    assert code == 1
    assert output.count("FAULT") == 1
    assert "FAULT engine chatterbox: " in output
    assert "pip install -e '.[chatterbox]'" in output


async def test_out_of_reach_of_discord_it_says_so_and_before_the_first_start_there_is_no_fault(
    stage: Stage,
) -> None:
    shutil.rmtree(stage.data)
    await stage.discord.away()
    doctor = await stage.run("-m", "mynah", "doctor")
    code, output = await doctor.report()
    assert code == 1
    assert output.count("FAULT") == 1
    assert "FAULT Discord: out of reach" in output
    assert "none yet, the first start makes it" in output
    assert not stage.data.exists()
