"""`python -m sandbox`: a Discord for a bot to connect to, until it is interrupted.

Prints one line of JSON: `api_url`, `token`, `certificate` (for SSL_CERT_FILE), and the ids of the
guild and its channels. One member, Alice, sits in the voice channel, so that the bot has someone
to speak to.
"""

import asyncio
import json
import signal

from sandbox.sandbox import Sandbox


async def main() -> None:
    over = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, over.set)
    async with Sandbox() as discord:
        guild = discord.guild("Home")
        text, voice = guild.text("general"), guild.voice("Lounge")
        await guild.member("Alice").join(voice)
        about = {
            "api_url": discord.api_url,
            "token": discord.token,
            "certificate": str(discord.certificate),
            "guild": str(guild.id),
            "text": str(text.id),
            "voice": str(voice.id),
        }
        print(json.dumps(about), flush=True)
        await over.wait()


if __name__ == "__main__":
    asyncio.run(main())
