"""The bot's start: what it needs, what it says when something is missing, what it waits for."""

import asyncio
from pathlib import Path

import pytest

from tests.process.hosts import without_chatterbox
from tests.process.process import first
from tests.process.stage import Stage, shows


@pytest.mark.parametrize("token", [None, "  "])
async def test_without_a_token_it_says_where_to_get_one_and_exits_with_2(
    stage: Stage, token: str | None
) -> None:
    bot = await stage.run("-m", "mynah", "run", DISCORD_TOKEN=token)
    code, output = await bot.report()
    assert code == 2
    assert "No token is set" in output
    assert "developer portal" in output
    assert "DISCORD_TOKEN" in output
    assert "Traceback" not in output


async def test_with_a_refused_token_it_says_so_and_exits_with_2(stage: Stage) -> None:
    bot = await stage.run("-m", "mynah", "run", DISCORD_TOKEN="a.wrong.token")
    code, output = await bot.report()
    assert code == 2
    assert "Discord refuses the token" in output
    assert "a.wrong.token" not in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MYNAH_JOB_EXPIRY", "soon"),
        ("MYNAH_ENGINE", "parrot"),
        ("MYNAH_ENGINE_URL", "ftp://engine"),
        ("MYNAH_DEVICE", "toaster"),
        ("MYNAH_FALLBACK", "tone"),
        ("MYNAH_CHECKPOINT", "no/such/folder"),
        ("DISCORD_API_URL", "discord.com"),
    ],
)
async def test_with_a_wrong_setting_it_names_it_and_exits_with_2(
    stage: Stage, name: str, value: str
) -> None:
    bot = await stage.run("-m", "mynah", "run", **{name: value})
    code, output = await bot.report()
    assert code == 2
    assert name in output
    assert "Traceback" not in output


@without_chatterbox
async def test_without_the_engines_extra_it_says_how_to_install_it_and_exits_with_2(
    stage: Stage,
) -> None:
    bot = await stage.run("-m", "mynah", "run", MYNAH_ENGINE="chatterbox-turbo")
    code, output = await bot.report()
    assert code == 2
    assert "MYNAH_ENGINE=chatterbox-turbo needs the extra: " in output
    assert "pip install -e '.[chatterbox]'" in output
    assert "Traceback" not in output
    assert bot.hosts == []


async def test_with_a_damaged_database_it_says_what_to_do_and_exits_with_2(stage: Stage) -> None:
    (stage.data / "mynah.db").write_bytes(b"This is no database. " * 1000)
    bot = await stage.run("-m", "mynah", "run")
    code, output = await bot.report()
    assert code == 2
    assert "mynah.db is damaged" in output
    assert "Put a backup in its place" in output
    assert "Traceback" not in output


async def test_a_second_bot_on_the_same_data_says_so_and_exits_with_2(stage: Stage) -> None:
    bot = await stage.start()
    second = await stage.run("-m", "mynah", "run")
    code, output = await second.report()
    assert code == 2
    assert f"Another mynah (process {bot.pid}) runs on the data directory {stage.data}" in output
    assert "MYNAH_DATA_DIR" in output

    await shows(await stage.say("alpha"), "Spoken in")


async def test_two_bots_with_directories_of_their_own_run_side_by_side(
    stage: Stage, tmp_path: Path, migrated: Path
) -> None:
    async with Stage.open(tmp_path / "other", migrated) as other:
        await asyncio.gather(stage.start(), other.start())
        messages = await asyncio.gather(stage.say("alpha"), other.say("beta"))
        for message in messages:
            await shows(message, "Spoken in")
        assert stage.heard.text == "alpha"
        assert other.heard.text == "beta"


async def test_while_discord_is_away_it_waits_and_then_serves(stage: Stage) -> None:
    await stage.discord.away()
    bot = await stage.run("-m", "mynah", "run")
    await bot.says("out of reach")
    await stage.discord.back()
    await stage.connected(bot)
    await shows(await stage.say("alpha"), "Spoken in")
    assert stage.heard.text == "alpha"


async def test_while_discord_has_faults_it_tries_again_and_then_serves(stage: Stage) -> None:
    for path in ("^/gateway/bot", "^/users/@me", "^/applications/.*/commands"):
        stage.discord.rest.fail("*", path, status=503)
    bot = await stage.start()
    await first(shows(await stage.say("alpha"), "Spoken in"), bot)


async def test_what_is_said_while_it_gets_ready_is_answered_once(stage: Stage) -> None:
    # discord.py waits half a second for more servers; then the bot asks what was left unanswered.
    stage.discord.rest.slow("POST", "/callback$", 1.2)
    await stage.start()
    message = await stage.say("alpha beta delta epsilon")
    await shows(message, "Spoken in")
    assert stage.heard.text == "alpha beta delta epsilon"
    assert stage.messages == [message]


async def test_it_prints_an_invite_and_registers_its_commands_only_once(stage: Stage) -> None:
    def registered() -> int:
        return sum(
            asked.method in ("PUT", "POST", "PATCH") and asked.path.endswith("/commands")
            for asked in stage.discord.rest.requests
        )

    bot = await stage.start()
    await bot.says("scope=bot+applications.commands&permissions=3146752")
    await bot.says("registered the commands")  # and noted: a kill before that would repeat it
    assert registered() == 1
    await bot.kill()

    bot = await stage.start()
    await bot.says("the commands are registered already")
    assert registered() == 1
