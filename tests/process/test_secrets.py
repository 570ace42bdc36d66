"""Every way in which something fails, at the most detailed log level, with a real token: then the
whole log is read, and contains no secret and nothing that a member said.

Each test also requires a line about what went wrong: a fault that did not happen proves nothing.
"""

import asyncio
import contextlib
import signal
import sqlite3
from collections.abc import AsyncIterator

import pytest

from sandbox import Permission, Upload
from sandbox.protocol.faults import Page
from tests.process.giving import given, recording, told
from tests.process.leaks import SAID, leaks_in
from tests.process.process import PATIENCE, Process
from tests.process.stage import Stage, shows

PORTAL = Page(f"<html><title>Log in to the hotel's network, {SAID}</title></html>")
NOT_AN_OBJECT = Page(f'["{SAID}"]', media_type="application/json")
NO_JSON = Page(f"{SAID} {{", media_type="application/json")


def words(stage: Stage, text: str = "") -> str:
    """A text with everything that a log must not contain: the member's word, and the bot's own
    token."""
    return f"{text} {SAID} {stage.discord.token}".strip()


async def bot_of(stage: Stage, form: str = "console", *, faults: bool = False) -> Process:
    stage.discord.limit_rates(False)
    return await stage.start(faults=faults, MYNAH_LOG_LEVEL="debug", MYNAH_LOG_FORMAT=form)


async def log_of(bot: Process) -> str:
    """Everything that it has written, once it has ended in order."""
    await bot.end(signal.SIGTERM)
    return (await bot.report())[1]


@contextlib.asynccontextmanager
async def clean(stage: Stage, bot: Process, *lines: str) -> AsyncIterator[None]:
    """What happens in the block leaves `lines` in the log of `bot`, and no secret."""
    yield
    for line in lines:
        await bot.says(line)
    output = await log_of(bot)
    assert leaks_in(stage, output) == set()


# The start.


@pytest.mark.parametrize("form", ["console", "json"])
async def test_a_captive_portal_in_discords_place_does_not_learn_the_token_to_the_log(
    stage: Stage, form: str
) -> None:
    """The answer is HTML with status 200, at every attempt."""
    stage.discord.rest.stand_in("GET", "^/gateway/bot$", PORTAL, times=2)
    bot = await bot_of(stage, form)
    async with clean(stage, bot, "ContentTypeError (status 200, text/html)"):
        message = await stage.say(words(stage))
        await shows(message, "Spoken in")


@pytest.mark.parametrize(
    ("path", "fault", "line"),
    [
        ("^/gateway/bot$", NOT_AN_OBJECT, "out of reach"),
        ("^/gateway/bot$", NO_JSON, "JSONDecodeError"),
        ("^/gateway/bot$", 403, "status=403"),
        ("^/gateway/bot$", 429, "status=429"),
        ("^/gateway/bot$", 500, "status=500"),
        ("^/gateway/bot$", None, "out of reach"),
        ("^/users/@me$", PORTAL, "could not log in"),
        ("^/users/@me$", None, "could not log in"),
        ("^/users/@me$", 403, "HTTPException"),
        ("^/applications/.*/commands$", 403, "could not register"),
        ("^/applications/.*/commands$", None, "could not register"),
    ],
)  # fmt: skip
async def test_a_start_with_faults_tells_no_secret(
    stage: Stage, path: str, fault: Page | int | None, line: str
) -> None:
    match fault:
        case Page():
            stage.discord.rest.stand_in("*", path, fault)
        case int():
            stage.discord.rest.fail("*", path, status=fault, retry_after=0.1)
        case None:
            stage.discord.rest.cut("*", path, times=6)  # discord.py tries a cut one five times
    line = line.replace("HTTPException", "Forbidden (status 403")
    bot = await stage.run("-m", "mynah", "run", MYNAH_LOG_LEVEL="debug")
    await bot.says(line)
    assert leaks_in(stage, bot.output) == set()
    await bot.kill()
    assert leaks_in(stage, bot.output) == set()


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://127.0.0.1:9", "ECONNREFUSED"),
        ("https://", "ClientConnectorSSLError"),  # no TLS where TLS is asked for
        ("http://operator:{token}@127.0.0.1:9", "ValueError"),  # aiohttp takes one of both
    ],
)
async def test_a_way_to_discord_that_is_closed_tells_no_secret(
    stage: Stage, url: str, line: str
) -> None:
    if url == "https://":
        url = stage.discord.api_url.replace("http://", "https://")
    bot = await stage.run(
        *("-m", "mynah", "run"),
        DISCORD_API_URL=url.format(token=stage.discord.token),
        MYNAH_LOG_LEVEL="debug",
    )
    await bot.says(line)
    await bot.kill()
    assert leaks_in(stage, bot.output) == set()


async def test_a_token_that_is_refused_on_the_way_ends_the_bot_and_stands_nowhere(
    stage: Stage,
) -> None:
    bot = await bot_of(stage)
    await stage.discord.gateway.drop(4004)
    code, output = await bot.report()
    assert code != 0
    assert "ConnectionClosed (code 4004" in output
    assert leaks_in(stage, output) == set()


# What members request.


@pytest.mark.parametrize("form", ["console", "json"])
async def test_answers_edits_and_further_messages_that_fail_tell_no_secret(
    stage: Stage, form: str
) -> None:
    bot = await bot_of(stage, form)
    rest = stage.discord.rest
    async with clean(
        stage,
        bot,
        "whether an answer arrived",
        "whether an answer was given",
        "Discord refused to edit a status message",
        "a status message could not be edited",
        "a status message can never be edited again",
    ):
        rest.apply_then_fail("POST", "/callback$", status=502)
        await _answered_once(stage, "alpha")
        rest.apply_then_fail("POST", "/callback$", status=None)
        await _answered_once(stage, "alpha")
        rest.stand_in("POST", "/callback$", PORTAL)
        await _answered_once(stage, "alpha")
        rest.fail("POST", "/callback$", status=404, code=10062)
        await _answered_once(stage, "alpha")
        rest.clear()
        for fault in (503, 429, 404):
            rest.fail("PATCH", "/messages/", status=fault, retry_after=0.1)
            await shows(await stage.say(words(stage, "beta")), SAID)
        rest.cut("PATCH", "/messages/", times=5)
        await stage.say(words(stage, "gamma"))
        await bot.says("a status message could not be edited")
        rest.fail("PATCH", "/messages/", status=400, code=50035)
        await stage.say(words(stage, "delta"))
        await bot.says("a status message can never be edited again")
        for status in (500, 404, None):
            for path in ("/webhooks/", "/callback$"):
                if status is None:
                    rest.cut("*", path, times=6)
                else:
                    rest.fail("*", path, status=status)
                await stage.alice.command("voice list")
                await asyncio.sleep(0)
        rest.clear()
        await told(stage, "voice list")


async def _answered_once(stage: Stage, text: str) -> None:
    """A member says something whose answer has a fault, and so has the question after it."""
    rest = stage.discord.rest
    rest.stand_in("GET", "/@original$", PORTAL)
    asked = len(rest.requests)
    await stage.alice.command("say", {"text": words(stage, text)})
    await rest.until(lambda log: any(each.path.endswith("/callback") for each in log[asked:]))


async def test_a_rate_limit_that_the_library_complains_of_tells_no_token_of_an_interaction(
    stage: Stage,
) -> None:
    """discord.py warns about it with the whole address. Where the bot may not view the channel, it
    edits by the interaction's token."""
    bot = await bot_of(stage)
    stage.text.overwrite(stage.guild.bot_role, deny=Permission.VIEW_CHANNEL)
    stage.discord.rest.fail("PATCH", "/webhooks/", status=429, retry_after=0.1)
    async with clean(stage, bot, "We are being rate limited. PATCH "):
        await shows(await stage.say(words(stage)), "Spoken in")


async def test_a_command_that_breaks_is_told_without_the_texts_in_its_error(stage: Stage) -> None:
    """SQLAlchemy's errors contain the values of the statement: the text, the interaction's
    token."""
    with contextlib.closing(sqlite3.connect(stage.data / "mynah.db")) as database:
        database.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON jobs "
            "BEGIN SELECT RAISE(ABORT, 'not this text'); END"
        )
        database.commit()
    bot = await bot_of(stage)
    async with clean(stage, bot, "a command failed", "IntegrityError (SQLITE_CONSTRAINT_TRIGGER)"):
        interaction = await stage.alice.command("say", {"text": words(stage)})
        await interaction.answered(PATIENCE)
        assert "Something went wrong" in (await interaction.original(PATIENCE)).content


async def test_a_database_that_is_held_by_another_is_told_without_texts(stage: Stage) -> None:
    bot = await bot_of(stage)
    async with clean(stage, bot, "OperationalError (SQLITE_BUSY)"):
        with contextlib.closing(sqlite3.connect(stage.data / "mynah.db")) as database:
            database.execute("BEGIN EXCLUSIVE")
            await stage.alice.command("say", {"text": words(stage)})
            await bot.says("SQLITE_BUSY")  # after the five seconds for which it waits


async def test_uploads_that_fail_tell_neither_names_nor_addresses(stage: Stage) -> None:
    bot = await bot_of(stage)
    files = stage.discord.files
    file = Upload(f"{SAID}.mp3", recording().data)
    async with clean(stage, bot, "a voice was uploaded"):
        files.fail()
        assert "no longer there" in (await given(stage, file, name=SAID)).content
        files.cut()
        assert "incomplete" in (await given(stage, file, name=SAID)).content
        noise = Upload(f"{SAID}.mp3", SAID.encode() * 1000)
        assert (await given(stage, noise, name=SAID)).buttons == []
        await given(stage, file, name=SAID)
        await told(stage, "voice report", voice=SAID, reason=words(stage))
        await told(stage, "voice rename", voice=SAID, name=stage.discord.token[:30])
        await told(stage, "voice use", voice=words(stage)[:90])


# Voice, gateway, engine.


async def test_voice_and_gateway_that_break_tell_no_secret(stage: Stage) -> None:
    bot = await bot_of(stage)
    discord = stage.discord
    async with clean(
        stage, bot, "voice connection was lost", "RESUMED", "session has been invalidated"
    ):
        message = await stage.say(words(stage, "alpha " * 40))
        for times, code in enumerate((4006, 4014, 4015, None), 1):
            await bot.says("in the voice channel", times=times)
            connection = await discord.voice.until_connected(stage.guild.id, PATIENCE)
            await connection.close(code)
            await bot.says("voice connection was lost", times=times)
        await stage.guild.move_voice_server()
        await discord.gateway.drop()
        await bot.says("RESUMED")
        await discord.gateway.reconnect()
        await discord.gateway.invalidate()
        await bot.says("session has been invalidated")
        await stage.connected(bot, set(discord.gateway.sessions))
        assert not message.deleted


async def test_a_voice_server_that_nobody_vouches_for_tells_no_secret(stage: Stage) -> None:
    stage.discord.limit_rates(False)
    bot = await stage.start(MYNAH_LOG_LEVEL="debug", SSL_CERT_FILE=None)
    async with clean(stage, bot, "CERTIFICATE_VERIFY_FAILED"):
        await stage.say(words(stage))
        await bot.says("could not join")


@pytest.mark.parametrize("form", ["console", "json"])
async def test_an_engine_whose_error_repeats_the_text_is_not_repeated(
    stage: Stage, form: str
) -> None:
    bot = await bot_of(stage, form, faults=True)
    async with clean(
        stage, bot, "synthesis failed", "RuntimeError", "the host has a fault: RuntimeError"
    ):
        await stage.say(words(stage, "babble"))
        await bot.says("The engine is away")
        assert "Skipped" in (await told(stage, "skip"))
        await stage.say(words(stage, "crash"))
        await bot.says("The engine's host died")


# The other commands.


async def test_the_doctor_tells_of_a_captive_portal_without_the_token(stage: Stage) -> None:
    stage.discord.rest.stand_in("GET", "^/applications/@me$", PORTAL)
    doctor = await stage.run("-m", "mynah", "doctor")
    code, output = await doctor.report()
    assert code == 1
    assert "Discord: out of reach (ContentTypeError (status 200, text/html))" in output
    assert leaks_in(stage, output) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("voices", "check"),
        ("voices", "freeze", "{token}"),
        ("engine", "--token", "{token}"),
        ("run", "--token={token}"),
        ("doctor", "{token}"),
    ],
)
async def test_what_a_command_says_of_its_arguments_has_no_token(
    stage: Stage, arguments: tuple[str, ...]
) -> None:
    given = [each.format(token=stage.discord.token) for each in arguments]
    code, output = await (await stage.run("-m", "mynah", *given)).report()
    assert output
    assert code in (0, 2)
    assert leaks_in(stage, output) == set()


def test_the_look_itself_finds_what_is_there(stage: Stage) -> None:
    assert leaks_in(stage, f"x {stage.discord.token}\nQuetzalcoatl") == {
        "the bot's token",
        "the signature of the bot's token",
        "what a member said",
    }
