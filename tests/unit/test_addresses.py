"""Recordings are fetched from Discord's servers, and from nowhere else."""

import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.voices.download import Addresses, Fetcher, Recording
from engine.base.clock import SystemClock
from engine.base.settings import MEBIBYTE
from engine.model.errors import BadRecording

DISCORD = "https://discord.com/api/v10"
PATH = "attachments/1/2/voice-message.ogg?ex=6&is=5&hm=4&"


@pytest.mark.parametrize(
    "url",
    [
        f"https://cdn.discordapp.com/{PATH}",
        f"https://cdn.discordapp.com/ephemeral-{PATH}",
        f"https://media.discordapp.net/{PATH}",
        f"https://CDN.DiscordApp.com/{PATH}",
        f"https://cdn.discordapp.com:443/{PATH}",
        "https://cdn.discordapp.com/a@b.mp3",
    ],
)
@pytest.mark.parametrize("api", [DISCORD, "http://127.0.0.1:3000/api/v10"])
def test_discords_own_addresses_are_fetched(api: str, url: str) -> None:
    assert Addresses.of_api(api).check(url).path.endswith((".ogg", ".mp3"))


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.discordapp.com/a",
        "https://cdn.discordapp.com:8443/a",
        "https://cdn.discordapp.com./a",
        "https://discord.com/a",
        "https://discordapp.com/a",
        "https://cdn.discordapp.com.example/a",
        "https://evil-cdn.discordapp.com/a",
        "https://xcdn.discordapp.com/a",
        "https://cdn.discordapp.net/a",
        "https://cdn.discordapp.com@127.0.0.1/",
        "https://cdn.discordapp.com@127.0.0.1:443/",
        "https://user@cdn.discordapp.com/a",
        "https://user:word@cdn.discordapp.com/a",
        "https://cdn.discordapp.com\\@127.0.0.1/",
        "https://cdn.discordapp.com%2f@127.0.0.1/",
        "https://cdn.discordapp.com\n@127.0.0.1/",
        "https://cdn.discordapp.com\t.example/",
        "https://cdn.discordapp.com%00.example/",
        "https://cdn.d\u0456scordapp.com/a",
        "https://cdn.discordapp.com\u2024example/a",
        "https://127.0.0.1/a",
        "https://127.1/a",
        "https://2130706433/a",
        "https://localhost/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://[::1",
        "https://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/a",
        "ftp://cdn.discordapp.com/a",
        "unix:///run/docker.sock",
        "file:///etc/passwd",
        "//cdn.discordapp.com/a",
        "cdn.discordapp.com/a",
        "https:///cdn.discordapp.com/a",
        "https://:443/a",
        "https://cdn.discordapp.com:0x1bb/a",
        "https://cdn.discordapp.com:99999/a",
        "",
        " ",
    ],
)
@pytest.mark.parametrize("api", [DISCORD, "http://127.0.0.1:3000/api/v10"])
def test_no_other_address_is(api: str, url: str) -> None:
    with pytest.raises(BadRecording) as refused:
        Addresses.of_api(api).check(url)
    assert refused.value.code == "download-elsewhere"


def test_what_looks_like_the_host_and_is_looked_up_as_it_leads_there() -> None:
    """IDNA makes it the same name: the fetched address says so, too."""
    address = Addresses.of_api(DISCORD).check("https://\u217ddn.discordapp.com/a")
    assert str(address) == "https://cdn.discordapp.com/a"


def test_another_api_may_keep_files_at_its_own_origin_and_no_other() -> None:
    addresses = Addresses.of_api("http://127.0.0.1:3000/api/v10")
    assert addresses.check("http://127.0.0.1:3000/attachments/1/2/a.ogg").port == 3000
    for url in (
        "http://127.0.0.1:3001/a",
        "http://127.0.0.1/a",
        "https://127.0.0.1:3000/a",
        "http://localhost:3000/a",
        "http://user@127.0.0.1:3000/a",
    ):
        with pytest.raises(BadRecording):
            addresses.check(url)


@pytest.mark.parametrize("host", ["discord.com", "ptb.discord.com", "canary.discord.com"])
def test_no_files_lie_at_discords_api(host: str) -> None:
    with pytest.raises(BadRecording):
        Addresses.of_api(f"https://{host}/api/v10").check(f"https://{host}/a")


@pytest.fixture
def bait() -> Iterator[socket.socket]:
    """A server on this machine that must never be called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_fetcher_calls_nobody_who_is_not_discord(tmp_path: Path, bait: socket.socket) -> None:
    port = bait.getsockname()[1]
    async with aiohttp.ClientSession() as session:
        fetcher = Fetcher(session, Addresses.of_api(DISCORD), SystemClock(), MEBIBYTE)
        for url in (
            f"http://127.0.0.1:{port}/a.mp3",
            f"https://127.0.0.1:{port}/a.mp3",
            f"http://localhost:{port}/a.mp3",
            f"http://cdn.discordapp.com@127.0.0.1:{port}/a.mp3",
        ):
            recording = Recording(url=url, size=10)
            with pytest.raises(BadRecording) as refused:
                fetcher.check(recording)
            assert refused.value.code == "download-elsewhere"
            with pytest.raises(BadRecording) as refused:
                await fetcher.fetch(recording, tmp_path / "a.mp3")
            assert refused.value.code == "download-elsewhere"
