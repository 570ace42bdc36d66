"""A sandbox, and a bot of plain discord.py that is connected to it."""

from collections.abc import AsyncIterator

import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox import Sandbox
from tests.sandbox.plain_bot import Bot, running


@pytest.fixture
async def local(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox() as local:
        monkeypatch.setattr(Route, "BASE", local.api_url)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(local.gateway_url))
        yield local


@pytest.fixture
async def bot(local: Sandbox) -> AsyncIterator[Bot]:
    local.guild("Home")
    async with running(local, Bot()) as bot:
        yield bot
