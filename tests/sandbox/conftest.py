"""A sandbox with a bot of plain discord.py, and a voice server with voice clients."""

from collections.abc import AsyncIterator

import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox import Sandbox
from sandbox.protocol.voice import VoiceServer
from tests.sandbox.plain_bot import Bot, running
from tests.sandbox.voice_host import Host


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


@pytest.fixture
async def voice() -> AsyncIterator[VoiceServer]:
    async with VoiceServer() as server:
        yield server


@pytest.fixture
async def host(voice: VoiceServer) -> AsyncIterator[Host]:
    async with Host(voice) as running:
        yield running
