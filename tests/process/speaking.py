"""The speech queue with a real engine and no front end: texts are submitted, and their sound is
heard."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.base.clock import SystemClock
from engine.base.settings import load_settings
from engine.model.jobs import JobRequest
from engine.queue import FrontEndQueue, SpeechQueue
from engine.tts.client.engine import Engine
from tests.flow.harness import whole


@asynccontextmanager
async def speech_on(engine: Engine, folder: Path) -> AsyncIterator[FrontEndQueue]:
    settings: dict[str, Any] = {"mynah_data_dir": folder, "mynah_disk_reserve": 0}
    queue = SpeechQueue(load_settings(_env_file=None, **settings), engine, SystemClock())
    await queue.open()
    try:
        yield queue.for_frontend("tests")
    finally:
        await queue.close()


async def spoken(speech: FrontEndQueue, text: str) -> list[str]:
    """Say `text`; the pieces of it that were heard, once the job is over."""
    speech.reachable("lane", True)
    job = await speech.submit(JobRequest(lane="lane", requester="ada", text=text, voice=""))
    heard: list[str] = []

    async def listen() -> None:
        player = speech.player("lane")
        while True:
            item = await player.next()
            await player.started(item)
            await whole(item)
            if not item.sound.over:
                heard.append(item.chunk.text)
                await player.spoken(item)

    listening = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(60):
            changes = speech.subscribe()
            while not (await speech.view(job.id)).job.state.final:
                await anext(changes)
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
    return heard
