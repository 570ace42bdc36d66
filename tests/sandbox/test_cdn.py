"""How the transfer of a file fails, as ordered by a test."""

import asyncio

import aiohttp
import discord
import pytest

from sandbox import Sandbox, Upload
from tests.sandbox.plain_bot import Bot


def address(local: Sandbox, data: bytes = b"0123456789") -> str:
    """The address of a stored file."""
    guild = local.guild("Files")
    return local.world.storage.keep(guild.text("general").id, Upload("a.wav", data)).url


async def test_a_file_that_vanishes(local: Sandbox, bot: Bot) -> None:
    """404 from now on, and in the log."""
    url = address(local)
    assert await bot.http.get_from_cdn(url) == b"0123456789"
    local.files.vanish(r"\.wav$")
    with pytest.raises(discord.NotFound):
        await bot.http.get_from_cdn(url)
    assert [(each.filename, each.status) for each in local.files.requests] == [
        ("a.wav", 200),
        ("a.wav", 404),
    ]


async def test_a_failure_lasts_as_often_as_ordered(local: Sandbox, bot: Bot) -> None:
    """503 twice, then the file; a file of another name is not affected."""
    url = address(local)
    local.files.fail("b.wav")
    local.files.fail("a.wav", times=2)
    for _ in range(2):
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.get_from_cdn(url)
        assert refused.value.status == 503
    assert await bot.http.get_from_cdn(url) == b"0123456789"


async def test_a_file_that_stalls(local: Sandbox) -> None:
    """Headers and some bytes come, then nothing, until `clear`: then the connection ends."""
    local.files.stall(after=3)
    async with aiohttp.ClientSession() as session, session.get(address(local)) as answer:
        assert answer.content_length == 10
        assert await answer.content.readexactly(3) == b"012"
        more = asyncio.create_task(answer.content.readany())
        await local.files.until(lambda log: log[-1].sent == 3)
        assert not more.done()
        assert not local.files.requests[-1].is_over
        local.files.clear()
        with pytest.raises(aiohttp.ClientPayloadError):
            await more
    await local.files.until(lambda log: log[-1].is_over and not log[-1].is_whole)


async def test_a_file_that_drips_follows_the_clock(local: Sandbox) -> None:
    """A byte in a thousand seconds: each comes when time moves on."""
    local.files.slow(rate=0.001)
    async with aiohttp.ClientSession() as session, session.get(address(local)) as answer:
        for _ in range(10):
            local.clock.advance(1000)
            assert len(await answer.content.readexactly(1)) == 1
        assert await answer.content.read() == b""
    assert local.files.requests[-1].is_whole


async def test_a_file_that_is_cut(local: Sandbox, bot: Bot) -> None:
    """Closed midway: fewer bytes than the headers promised."""
    local.files.cut(after=4)
    with pytest.raises(aiohttp.ClientPayloadError):
        await bot.http.get_from_cdn(address(local))
    assert (local.files.requests[-1].sent, local.files.requests[-1].is_whole) == (4, False)


async def test_a_file_longer_than_announced(local: Sandbox, bot: Bot) -> None:
    """No Content-Length shows that more comes than the attachment's size."""
    local.files.swell(by=200_000)
    async with aiohttp.ClientSession() as session, session.get(address(local)) as answer:
        assert answer.content_length is None
        assert await answer.read() == b"0123456789" + bytes(200_000)


async def test_a_client_that_goes_away(local: Sandbox) -> None:
    """The log says how far the transfer came, and nothing hangs."""
    local.files.slow(rate=1000)
    async with aiohttp.ClientSession() as session, session.get(address(local, bytes(10_000))):
        await local.files.until(lambda log: log[-1].sent > 0)
    local.clock.advance(10)
    await local.files.until(lambda log: log[-1].is_over)
    assert not local.files.requests[-1].is_whole


async def test_addresses_that_mislead(local: Sandbox, bot: Bot) -> None:
    """The address that a hostile proxy names is not the file's; until the proxy is gone."""
    local.files.mislead("http://127.0.0.1:1")
    assert address(local).startswith("http://127.0.0.1:1/attachments/")
    local.files.mislead("")
    assert await bot.http.get_from_cdn(address(local)) == b"0123456789"
