"""Messages, their limits and who may send them, through discord.py's REST client."""

import io

import discord
import pytest

from sandbox import Channel, Permission, Sandbox
from tests.sandbox.plain_bot import Bot


def channel_of(bot: Bot, channel: Channel) -> discord.PartialMessageable:
    return bot.get_partial_messageable(channel.id)


async def test_a_message_is_sent_edited_and_deleted(local: Sandbox, bot: Bot) -> None:
    """With a file, which can be fetched again; an edit keeps the file and is recorded."""
    text = local.guilds[0].text("general")
    file = discord.File(io.BytesIO(b"sound"), "a.ogg")
    sent = await channel_of(bot, text).send("one", file=file)
    assert await sent.attachments[0].read() == b"sound"
    await sent.edit(content="two")
    message = text.messages[0]
    assert (message.content, [content for _, content in message.edits]) == ("two", ["two"])
    assert await local.guilds[0].member("Alice").download(message) == [b"sound"]
    await sent.delete()
    assert text.messages == []
    with pytest.raises(discord.NotFound) as refused:
        await sent.edit(content="three")
    assert refused.value.code == 10008


async def test_what_is_too_long_or_empty_is_refused(local: Sandbox, bot: Bot) -> None:
    """Over 2,000 characters 50035 with the field's name; nothing at all 50006."""
    channel = channel_of(bot, local.guilds[0].text("general"))
    await channel.send("x" * 2000)
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send("x" * 2001)
    assert refused.value.code == 50035
    assert "content" in refused.value.text
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send("  ")
    assert refused.value.code == 50006


async def test_components_are_checked(local: Sandbox, bot: Bot) -> None:
    """Six rows, a custom id twice, one of 101 characters: 50035 at the path of the fault."""
    text = local.guilds[0].text("general")
    button = {"type": 2, "style": 1, "label": "x", "custom_id": "a"}
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=text.id)
    for rows, where in [
        ([{"type": 1, "components": [button | {"custom_id": str(i)}]} for i in range(6)], None),
        ([{"type": 1, "components": [button, button]}], "0.components.1.custom_id"),
        ([{"type": 1, "components": [button | {"custom_id": "a" * 101}]}], "0.components.0"),
        ([{"type": 1, "components": []}], "0.components"),
        ([{"type": 2, "style": 1, "label": "x", "custom_id": "a"}], "0.type"),
    ]:
        local.clock.advance(5)
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.request(route, json={"content": "x", "components": rows})
        assert refused.value.code == 50035
        assert f"components{'.' + where if where else ''}" in refused.value.text


async def test_lacking_permissions_are_told_apart(local: Sandbox, bot: Bot) -> None:
    """Without View Channel 50001, without Send Messages or Attach Files 50013; a role's overwrite,
    a member's, and an administrator, who may do everything."""
    guild = local.guilds[0]
    local.limit_rates(False)
    text = guild.text("general")
    channel = channel_of(bot, text)
    text.overwrite(guild.everyone, deny=Permission.VIEW_CHANNEL)
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("x")
    assert refused.value.code == 50001
    text.overwrite(guild.bot_role, allow=Permission.VIEW_CHANNEL, deny=Permission.SEND_MESSAGES)
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("x")
    assert refused.value.code == 50013
    text.overwrite(guild.bot, allow=Permission.SEND_MESSAGES, deny=Permission.ATTACH_FILES)
    await channel.send("x")
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send(file=discord.File(io.BytesIO(b"x"), "x"))
    assert refused.value.code == 50013
    guild.bot_role.set_permissions(Permission.ADMINISTRATOR)
    await channel.send(file=discord.File(io.BytesIO(b"x"), "x"))


async def test_a_bot_in_timeout_sends_nothing(local: Sandbox, bot: Bot) -> None:
    """50013 until the timeout is over."""
    guild = local.guilds[0]
    text = guild.text("general")
    await guild.bot.timeout(60)
    with pytest.raises(discord.Forbidden) as refused:
        await channel_of(bot, text).send("x")
    assert refused.value.code == 50013
    local.clock.advance(60)
    await channel_of(bot, text).send("x")


async def test_unknown_channels_and_archived_threads(local: Sandbox, bot: Bot) -> None:
    """10003 once the channel is deleted; 50083 for an edit in an archived thread, which a new
    message opens again."""
    text = local.guilds[0].text("general")
    thread = text.thread("aside")
    sent = await channel_of(bot, thread).send("x")
    thread.archive()
    with pytest.raises(discord.HTTPException) as refused:
        await sent.edit(content="y")
    assert refused.value.code == 50083
    await channel_of(bot, thread).send("x")
    await sent.edit(content="y")
    await local.guilds[0].delete_channel(text)
    with pytest.raises(discord.NotFound) as missing:
        await channel_of(bot, text).send("x")
    assert missing.value.code == 10003


async def test_old_messages_can_seldom_be_edited(local: Sandbox, bot: Bot) -> None:
    """After an hour three edits in twenty seconds are allowed, then 30046."""
    sent = await channel_of(bot, local.guilds[0].text("general")).send("x")
    local.clock.advance(3600)
    for _ in range(3):
        await sent.edit(content="y")
    with pytest.raises(discord.HTTPException) as refused:
        await sent.edit(content="z")
    assert refused.value.code == 30046
    local.clock.advance(20)
    await sent.edit(content="z")


async def test_pings_follow_what_is_allowed(local: Sandbox, bot: Bot) -> None:
    """Everything by default (everyone only with the permission), nothing with `none`."""
    guild = local.guilds[0]
    text = guild.text("general")
    alice, role = guild.member("Alice"), guild.role("Singers")
    content = f"{alice.mention} <@&{role.id}> @everyone"
    await channel_of(bot, text).send(content)
    assert text.messages[-1].pings == {alice.id, role.id}
    await channel_of(bot, text).send(content, allowed_mentions=discord.AllowedMentions.none())
    assert text.messages[-1].pings == set()
    users = discord.AllowedMentions(users=[discord.Object(alice.id)], roles=False, everyone=False)
    await channel_of(bot, text).send(content, allowed_mentions=users)
    assert text.messages[-1].pings == {alice.id}


async def test_links_unfurl_unless_suppressed(local: Sandbox, bot: Bot) -> None:
    """The flag 4 is stored, and `unfurls` says what a reader would see."""
    text = local.guilds[0].text("general")
    await channel_of(bot, text).send("see https://example.org")
    await channel_of(bot, text).send("see https://example.org", suppress_embeds=True)
    assert [each.unfurls for each in text.messages] == [True, False]


async def test_a_channel_takes_five_messages_in_five_seconds(local: Sandbox, bot: Bot) -> None:
    """The sixth is answered 429, with the wait that discord.py needs; edits count separately."""
    text = local.guilds[0].text("general")
    url = f"{local.api_url}/channels/{text.id}/messages"
    headers = {"Authorization": f"Bot {local.token}"}
    session = bot.http._HTTPClient__session  # type: ignore[attr-defined]
    for count in range(6):
        async with session.post(url, json={"content": "x"}, headers=headers) as answer:
            body = await answer.json()
            assert answer.status == (200 if count < 5 else 429)
    assert answer.headers["Via"]
    assert 0 < body["retry_after"] <= 5
    assert body["global"] is False
    async with session.patch(f"{url}/{text.messages[0].id}", json={}, headers=headers) as answer:
        assert answer.headers["X-RateLimit-Remaining"] == "4"
    local.clock.advance(5)
    async with session.post(url, json={"content": "x"}, headers=headers) as answer:
        assert answer.status == 200


async def test_an_enforced_nonce_sends_once(local: Sandbox, bot: Bot) -> None:
    """The same nonce again is answered with the message that exists."""
    text = local.guilds[0].text("general")
    first = await channel_of(bot, text).send("x", nonce="7")
    again = await channel_of(bot, text).send("x", nonce="7")
    assert first.id == again.id
    assert len(text.messages) == 1
