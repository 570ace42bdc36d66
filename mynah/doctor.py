"""`mynah doctor`: checks the installation, and names each fault with its fix."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from bot.locales.catalog import label
from engine.base.aio import first_of
from engine.base.clock import SystemClock
from engine.base.data_dir import DataDirectory
from engine.base.error_text import describe
from engine.base.logging import set_up_logging
from engine.base.settings import MEBIBYTE, Settings, load_settings, secrets_of
from engine.model.engine import EngineInfo, SynthesisRequest
from engine.model.errors import EngineError, EngineUnavailable, SetupError
from engine.store.integrity import check_integrity
from engine.tts.client.fallback import check_settings
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.engines.catalog import ENGINES, check_names
from engine.voices import analysis_process
from engine.voices.recording_files import RecordingFiles

ENGINE_SECONDS: Final = 60.0
#: A model of gigabytes is read from the disk, perhaps downloaded first.
MODEL_SECONDS: Final = 900.0
#: An engine that stays down for so long is not waited for any longer: it says why.
ENGINE_DOWN_SECONDS: Final = 3.0
LOOK_SECONDS: Final = 0.1
DISCORD_SECONDS: Final = 10.0
ANALYSIS_SECONDS: Final = 10.0
SILENCE_RATE: Final = 24_000
#: The application's flags that grant the Message Content intent.
MESSAGE_CONTENT_FLAGS: Final = (1 << 18) | (1 << 19)

FIX_ANALYSIS: Final = (
    "Members cannot upload voices until this is fixed. Install the dependencies again: make setup. "
    "IMAGEIO_FFMPEG_EXE must be unset, or name an ffmpeg that runs."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `fix` is None if all is well."""

    what: str
    fix: str | None = None


async def python(settings: Settings) -> Finding:
    version = sys.version_info[:2]
    fix = None if (3, 11) <= version <= (3, 13) else "Use Python 3.11, 3.12 or 3.13."
    return Finding(f"Python {version[0]}.{version[1]}", fix)


async def encryption(settings: Settings) -> Finding:
    try:
        import davey
        import nacl.secret  # noqa: F401
    except ImportError as error:
        fix = "Install the dependencies again: make setup"
        return Finding(f"encryption of voice: {error}", fix)
    return Finding(f"encryption of voice: PyNaCl, davey (DAVE {davey.DAVE_PROTOCOL_VERSION})")


async def opus(settings: Settings) -> Finding:
    fix = "Install PyAV with its libraries again: make setup"
    try:
        import av

        av.CodecContext.create("libopus", "w")
    except ImportError as error:
        return Finding(f"Opus: {error}", fix)
    except (ValueError, av.FFmpegError) as error:
        return Finding(f"Opus: {error}", fix)
    return Finding(f"Opus: from PyAV {av.__version__}")


async def engine(settings: Settings) -> Finding:
    what = f"engine {settings.mynah_engine}"
    try:
        check_settings(settings)
        client = EngineSupervisor.from_settings(settings, SystemClock())
    except SetupError as error:
        return Finding(f"{what}: the settings do not allow it", str(error))
    await client.start()
    limit = MODEL_SECONDS if ENGINES[settings.mynah_engine].extra else ENGINE_SECONDS
    try:
        async with asyncio.timeout(limit):
            info = await _info(client)
            if not info.default_voice:
                return Finding(f"{what} is loaded: {info.name} {info.version}, for members' voices")
            request = SynthesisRequest(text="All is well.", voice=info.default_voice)
            async for _ in client.synthesize(request, deadline_in=0.0):
                pass  # it ends normally only where the whole sound arrived
    except (EngineError, TimeoutError) as error:
        reason = client.error or str(error) or f"no answer within {limit:.0f} seconds"
        return Finding(
            f"{what}: {reason}", "See MYNAH_ENGINE and MYNAH_ENGINE_URL in docs/settings.md."
        )
    finally:
        await client.close()
    return Finding(f"{what} speaks: {info.name} {info.version}, {len(info.voices)} voices")


async def _info(client: EngineSupervisor) -> EngineInfo:
    """What the engine is. Raises EngineUnavailable if it is down, and stays down."""

    async def stays_down() -> None:
        down = 0.0
        while down <= ENGINE_DOWN_SECONDS:
            await asyncio.sleep(LOOK_SECONDS)
            down = down + LOOK_SECONDS if client.error else 0.0

    asking = asyncio.create_task(client.info())
    if await first_of(asking, stays_down()):
        raise EngineUnavailable(client.error or "")
    return asking.result()


async def database(settings: Settings) -> Finding:
    file = DataDirectory(settings.mynah_data_dir).database
    if not file.exists():
        return Finding("database: none yet, the first start makes it")
    try:
        await asyncio.to_thread(check_integrity, file)
    except SetupError as error:
        return Finding("database: the bot cannot start with it", str(error))
    return Finding(f"database: sound ({file.stat().st_size / MEBIBYTE:.1f} MiB)")


async def references(settings: Settings) -> Finding:
    folder = settings.mynah_references_dir
    what = f"recordings: {folder}"
    there = folder
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        return Finding(f"{what} cannot be created", f"{there} is a file: see MYNAH_REFERENCES_DIR.")
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            f"{what} cannot be read and written",
            f"Give the user that runs the bot the right to read and write {there}.",
        )
    if there != folder:
        return Finding(f"{what}: none yet, the first upload makes it")
    recording_files = RecordingFiles.from_settings(settings)
    members, yours = len(recording_files.kept()), len(recording_files.operator_recordings())
    return Finding(f"{what}: {members} of members, {yours} of yours")


async def analysis(settings: Settings) -> Finding:
    """Analyzes a file of silence."""
    what = "analysis of recordings"
    with tempfile.TemporaryDirectory(prefix="mynah-doctor-") as folder:
        source = Path(folder) / "silence"
        with wave.open(str(source), "wb") as file:
            file.setparams((1, 2, SILENCE_RATE, 0, "NONE", "not compressed"))
            file.writeframes(bytes(2 * SILENCE_RATE))
        into = [f"--into={source}.wav", f"--preview-into={source}.ogg"]
        try:
            answer = await analysis_process.run(into, source, seconds=ANALYSIS_SECONDS)
        except analysis_process.Ended as error:
            reason = (error.output.splitlines() or [str(error)])[-1]
        except (TimeoutError, OSError) as error:
            reason = str(error) or f"no answer within {ANALYSIS_SECONDS:.0f} seconds"
        else:
            reason = str(json.loads(answer).get("rejected", "it took silence for speech"))
            if reason == "recording-silent":
                return Finding(f"{what}: ffmpeg decodes, in a process of its own")
    return Finding(f"{what}: {reason}", FIX_ANALYSIS)


async def disk(settings: Settings) -> Finding:
    folder = settings.mynah_data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // MEBIBYTE
    if free < settings.mynah_disk_reserve:
        return Finding(
            f"disk: {free} MiB free, below the reserve of {settings.mynah_disk_reserve} MiB",
            "Free some space, or lower MYNAH_DISK_RESERVE. Until then the bot refuses new texts.",
        )
    return Finding(f"disk: {free} MiB free")


async def discord(settings: Settings) -> Finding:
    token = settings.discord_token
    if token is None or not token.get_secret_value().strip():
        return Finding("token: none", label("start-token-missing"))
    headers = {"Authorization": f"Bot {token.get_secret_value().strip()}"}
    url = f"{settings.discord_api_url}/applications/@me"
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(url, timeout=aiohttp.ClientTimeout(total=DISCORD_SECONDS)) as response,
        ):
            if response.status == 401:
                return Finding("token: refused", label("start-token-refused"))
            response.raise_for_status()
            application = await response.json()
            if not isinstance(application, dict):
                raise ValueError("the application is not an object")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return Finding(
            f"Discord: out of reach ({describe(error)})",
            f"Check that this machine can reach {settings.discord_api_url}.",
        )
    flags = application.get("flags")
    granted = isinstance(flags, int) and flags & MESSAGE_CONTENT_FLAGS
    intents = "Message Content granted, not needed" if granted else "none privileged, none needed"
    return Finding(f"token: of {application.get('name')}; intents: {intents}")


CHECKS: Final = (python, encryption, opus, engine, references, analysis, database, disk, discord)


def doctor() -> int:
    """Print a line for each check. Returns 0 if all is well, else 1."""
    # The engine server must not log between the lines of the report.
    settings = load_settings().model_copy(update={"mynah_log_level": "error"})
    check_names(settings.mynah_engine, settings.mynah_fallback)
    set_up_logging(settings.mynah_log_level, settings.mynah_log_format, secrets_of(settings))
    return asyncio.run(_check_all(settings))


async def _check_all(settings: Settings) -> int:
    faults = 0
    for check in CHECKS:
        finding = await check(settings)
        faults += finding.fix is not None
        print(f"{'ok   ' if finding.fix is None else 'FAULT'} {finding.what}", flush=True)
        if finding.fix is not None:
            print(f"      {finding.fix}", flush=True)
    return 1 if faults else 0
