"""The server of the tests, and what a member types there.

Knows: where each member is at the start, and how to read an answer. Does not know: the bot.
"""

from typing import Any, Final

from sandbox import Channel, Guild, Interaction, Member, Message, Sandbox

#: Speaks for at least twenty seconds, with any engine that the tests use.
LONG: Final = "This text goes on for quite a while. " * 12


class Scene:
    """Ada and Bob sit in the voice channel Lounge; Eve is a member too, and in no channel. Members
    type in #general. Another voice channel, Den, is empty."""

    def __init__(self, discord: Sandbox) -> None:
        self.discord = discord
        self.guild: Guild = discord.guild("Home")
        self.text: Channel = self.guild.text("general")
        self.lounge: Channel = self.guild.voice("Lounge")
        self.den: Channel = self.guild.voice("Den")
        self.ada: Member = self.guild.member("Ada")
        self.bob: Member = self.guild.member("Bob")
        self.eve: Member = self.guild.member("Eve")

    async def command(
        self,
        path: str,
        values: dict[str, Any] | None = None,
        *,
        by: Member | None = None,
        channel: Channel | None = None,
    ) -> Interaction:
        """A command of Ada's, or of another member, once it is answered (a deferral is an
        answer)."""
        member = by or self.ada
        interaction = await member.command(path, values, channel=channel or self.text)
        return await interaction.answered()

    async def say(
        self,
        text: str,
        *,
        voice: str | None = None,
        by: Member | None = None,
        channel: Channel | None = None,
    ) -> Message:
        """/say, by Ada or another member: the status message that everyone can see."""
        values = {"text": text} | ({"voice": voice} if voice is not None else {})
        interaction = await self.command("say", values, by=by, channel=channel)
        assert not interaction.refused, "no answer within three seconds"
        message = await interaction.original()
        assert not message.ephemeral, message.content
        return message

    async def told(
        self,
        path: str,
        values: dict[str, Any] | None = None,
        *,
        by: Member | None = None,
        channel: Channel | None = None,
    ) -> str:
        """The text of a command's answer, which only its member can see."""
        return await private(await self.command(path, values, by=by, channel=channel))

    async def press(self, message: Message, button: str, *, by: Member | None = None) -> str:
        """The text of the private answer to a button."""
        return await private(await (by or self.ada).press(message, button))


async def private(interaction: Interaction) -> str:
    """The text of an answer that only its member can see."""
    await interaction.answered()
    assert not interaction.refused, "no answer within three seconds"
    message = await interaction.original()
    assert message.ephemeral, message.content
    return message.content


def over(message: Message) -> bool:
    """Whether a status message shows an outcome: for `message.wait_for(over)`."""
    return "Skip" not in message.buttons


def job_of(message: Message) -> int:
    """The id of the job that a status message follows, as its buttons carry it."""
    ids = {
        each["custom_id"].rsplit(":", 1)[1]
        for row in message.components
        for each in row["components"]
    }
    (job_id,) = ids
    return int(job_id)
