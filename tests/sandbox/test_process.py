"""`python -m sandbox`."""

import asyncio
import json
import signal
import sys

import aiohttp


async def test_it_says_where_it_is_and_ends_when_told_to() -> None:
    """One line of JSON, an API that knows the token, and exit code 0 at SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    about = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    assert about["certificate"].endswith(".pem")
    headers = {"Authorization": f"Bot {about['token']}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{about['api_url']}/guilds/{about['guild']}/channels") as answer,
    ):
        names = {each["name"] for each in await answer.json()}
    assert names == {"general", "Lounge"}
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
