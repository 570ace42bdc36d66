"""The bot survives whatever the gateway sends: an event that cannot be read is lost, and no
other."""

import gc
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine.base.error_text import format_error
from sandbox import Sandbox
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock
from tests.discord.scene import Scene, over

#: The events contain it, and no log may contain it.
SECRET = "the-words-of-a-member"
LOST = "A gateway event was lost"
AGAIN = "connecting to the gateway again"

POLL: dict[str, Any] = {
    "id": "1",
    "channel_id": "2",
    "author": {"id": "3", "username": SECRET, "discriminator": "0", "avatar": None},
    "content": SECRET,
    "timestamp": "2026-01-01T00:00:00+00:00",
    "edited_timestamp": None,
    "tts": False,
    "mention_everyone": False,
    "mentions": [],
    "mention_roles": [],
    "attachments": [],
    "embeds": [],
    "pinned": False,
    "type": 0,
    "poll": {
        "question": {"text": SECRET},
        "answers": [],
        "expiry": None,  # it never ends, which is legal
        "allow_multiselect": False,
        "layout_type": 1,
    },
}

EVENTS: dict[str, tuple[str, Any]] = {
    "an interaction of nothing": ("INTERACTION_CREATE", {}),
    "an interaction without a type": ("INTERACTION_CREATE", {"id": SECRET, "token": SECRET}),
    "a channel without an id": ("CHANNEL_UPDATE", {"id": None, "name": SECRET}),
    "a member without a user": ("GUILD_MEMBER_UPDATE", {"nick": SECRET, "roles": []}),
    "a poll without an end": ("MESSAGE_CREATE", POLL),
    "no data": ("GUILD_ROLE_CREATE", None),
    "a list": ("GUILD_UPDATE", [SECRET]),
    "a word": ("CHANNEL_CREATE", SECRET),
    "a server of nothing": ("GUILD_CREATE", {"id": SECRET}),
    "a server with a broken channel": (
        "GUILD_CREATE",
        {"id": "77", "name": SECRET, "channels": [{"type": 0, "name": SECRET}]},
    ),
    "a server's end": ("GUILD_DELETE", {"id": SECRET}),
    "a voice server": ("VOICE_SERVER_UPDATE", {"guild_id": SECRET, "token": SECRET}),
}
#: The server's id is inserted: these events reach what the bot knows.
OF_THE_SERVER: dict[str, tuple[str, dict[str, Any]]] = {
    "a voice state of nobody, here": ("VOICE_STATE_UPDATE", {"channel_id": None}),
    "a member without a user, here": ("GUILD_MEMBER_UPDATE", {"nick": SECRET, "roles": []}),
    "a role of nothing, here": ("GUILD_ROLE_UPDATE", {"role": {"id": SECRET}}),
    "a channel that is none, here": ("CHANNEL_UPDATE", {"id": SECRET, "type": 2}),
}


def written(logged: Iterable[MutableMapping[str, Any]]) -> str:
    """What the log makes of these entries (`engine/base/logging.py`)."""
    return repr(
        [
            {**each, "exc_info": format_error(each["exc_info"])} if "exc_info" in each else each
            for each in logged
        ]
    )


async def spoken(scene: Scene, text: str) -> bool:
    message = await scene.say(text)
    await message.wait_for(over, timeout=15.0)
    return "Spoken in" in message.content


async def loses(
    event: str, data: Any, scene: Scene, discord: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    (before,) = discord.gateway.connections
    with capture_logs() as logged:
        discord.gateway.send_anything(event, data)
        assert await spoken(scene, "Hello there.")
    assert [each["event_name"] for each in logged if each["event"] == LOST] == [event]
    assert SECRET not in written(logged) + caplog.text
    assert discord.gateway.connections == {before}


@pytest.mark.parametrize(("event", "data"), EVENTS.values(), ids=EVENTS.keys())
async def test_event_that_cannot_be_read_is_named_and_lost_and_nothing_else(
    event: str,
    data: Any,
    bot: Running,
    scene: Scene,
    discord: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await loses(event, data, scene, discord, caplog)


@pytest.mark.parametrize(("event", "data"), OF_THE_SERVER.values(), ids=OF_THE_SERVER.keys())
async def test_event_about_a_server_that_is_known_likewise(
    event: str,
    data: dict[str, Any],
    bot: Running,
    scene: Scene,
    discord: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await loses(event, data | {"guild_id": str(scene.guild.id)}, scene, discord, caplog)


async def test_event_of_no_name_that_is_known_is_passed_over(
    bot: Running, scene: Scene, discord: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    (before,) = discord.gateway.connections
    with capture_logs() as logged:
        for event in ("NEVER_HEARD_OF", None, "", 7, ["READY"], {"READY": SECRET}):
            discord.gateway.send_anything(event, {"secret": SECRET})
            discord.gateway.send_anything(event, None)
        assert await spoken(scene, "Hello there.")
    assert SECRET not in written(logged) + caplog.text
    assert discord.gateway.connections == {before}


async def test_sequence_goes_on_over_what_was_lost(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    (session,) = discord.gateway.sessions.values()
    with capture_logs() as logged:
        discord.gateway.send_anything("INTERACTION_CREATE", {})
        await scene.told("help")  # so it was read
        await discord.gateway.reconnect()
        await discord.world.watch.until(
            lambda: session.sent[-1][1] == "RESUMED", 10.0, "the session's resumption"
        )
        assert await spoken(scene, "Hello there.")
    assert list(discord.gateway.sessions.values()) == [session]
    # A replay would lose it again.
    assert len([each for each in logged if each["event"] == LOST]) == 1


async def test_server_that_cannot_be_read_costs_no_other_server(
    scene: Scene, start: Start, discord: Sandbox
) -> None:
    other = Scene(discord)
    await other.ada.join(other.lounge)
    broken = {"id": str(scene.guild.id), "name": SECRET, "channels": [{"name": SECRET}]}
    discord.gateway.garble_next("GUILD_CREATE", broken)
    with capture_logs() as logged:
        await start()
        assert await spoken(other, "Hello there.")
    assert [each["event_name"] for each in logged if each["event"] == LOST] == ["GUILD_CREATE"]
    assert SECRET not in written(logged)


# ---- what ends the connection


async def up_again(discord: Sandbox, bot: Running, clock: RunningClock, old: set[str]) -> None:
    """Wait until the bot has another session than these, and is ready."""
    bot.bot.up.clear()
    await clock.advance_until(
        lambda: set(discord.gateway.sessions) - old and bot.bot.up.is_set(), step=1.0, most=600.0
    )


READIES: dict[str, Any] = {
    "nothing": {},
    "no data": None,
    "a list": [SECRET],
    "a user that is none": {
        "user": {"name": SECRET},
        "session_id": SECRET,
        "resume_gateway_url": "ws://127.0.0.1:9",
        "guilds": [],
    },
    "servers that are none": {
        "user": {"id": "1", "username": SECRET, "discriminator": "0", "avatar": None},
        "session_id": SECRET,
        "resume_gateway_url": "ws://127.0.0.1:9",
        "guilds": [SECRET],
    },
}


@pytest.mark.parametrize("ready", READIES.values(), ids=READIES.keys())
async def test_ready_that_cannot_be_read_ends_in_another_connection(
    ready: Any,
    bot: Running,
    scene: Scene,
    discord: Sandbox,
    clock: RunningClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    old = set(discord.gateway.sessions)
    discord.gateway.garble_next("READY", ready)
    with capture_logs() as logged:
        await discord.gateway.invalidate()
        await up_again(discord, bot, clock, old)
        assert await spoken(scene, "Hello there.")
    assert [each["seconds"] for each in logged if each["event"] == AGAIN] == [5.0]
    assert SECRET not in written(logged) + caplog.text


async def test_tries_come_less_often_while_none_can_be_read(
    scene: Scene, start: Start, discord: Sandbox, clock: RunningClock
) -> None:
    discord.gateway.garble_next("READY", {}, times=4)
    with capture_logs() as logged:
        bot = await start(wait=False)
        await clock.advance_until(bot.bot.up.is_set, step=1.0, most=600.0)
        assert await spoken(scene, "Hello there.")
    waited = [each["seconds"] for each in logged if each["event"] == AGAIN]
    assert waited == [5.0, 10.0, 20.0, 40.0]


@pytest.mark.parametrize("hello", [None, {}, [], {"heartbeat_interval": SECRET}])
async def test_hello_that_cannot_be_read_at_the_start_is_survived(
    hello: Any, scene: Scene, start: Start, discord: Sandbox, clock: RunningClock
) -> None:
    discord.gateway.garble_next("HELLO", hello, times=2)
    with capture_logs() as logged:
        bot = await start(wait=False)
        await clock.advance_until(bot.bot.up.is_set, step=1.0, most=600.0)
        assert await spoken(scene, "Hello there.")
    assert SECRET not in written(logged)


FRAMES: dict[str, str | bytes] = {
    "no JSON": SECRET,
    "half a message": '{"op": 0, "t": "' + SECRET,
    "a list": f'["{SECRET}"]',
    "a number": "7",
    "no object at all": "null",
    "nested without end": "[" * 200_000,
    "broken compression": SECRET.encode() + b"\x00\x00\xff\xff",
    "no UTF-8": b"\x78\x9c\x01\x02\x00\xfd\xff\xff\xfe\x00\x00\xff\xff",
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
async def test_frame_that_is_no_message_costs_the_connection_and_not_the_process(
    frame: str | bytes,
    bot: Running,
    scene: Scene,
    discord: Sandbox,
    clock: RunningClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await spoken(scene, "Before.")
    old = set(discord.gateway.sessions)
    with capture_logs() as logged:
        discord.gateway.garble(frame)
        await up_again(discord, bot, clock, old)
        assert await spoken(scene, "Hello there.")
    assert [each["seconds"] for each in logged if each["event"] == AGAIN] == [5.0]
    assert SECRET not in written(logged) + caplog.text


async def test_resumption_that_cannot_be_read_ends_in_another_session(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    old = set(discord.gateway.sessions)
    discord.gateway.garble_next("RESUMED", None)
    with capture_logs():
        await discord.gateway.reconnect()
        await up_again(discord, bot, clock, old)
        assert await spoken(scene, "Hello there.")


# ---- our own handlers


def interaction(scene: Scene, **values: Any) -> dict[str, Any]:
    """One that discord.py can read, and that no client of Discord's would send."""
    return {
        "id": str(scene.discord.world.ids.draw()),
        "application_id": str(scene.discord.world.application_id),
        "token": SECRET,
        "version": 1,
        "guild_id": str(scene.guild.id),
        "channel_id": str(scene.text.id),
        "member": scene.guild.owner.payload(scene.text),
        "attachment_size_limit": 1000,
        "entitlements": [],
        "authorizing_integration_owners": {},
        **values,
    }


def page(value: Any) -> dict[str, Any]:
    """`/voice-admin list page:…`, by an admin."""
    option = {"name": "page", "type": 4, "value": value}
    lists = {"name": "list", "type": 1, "options": [option]}
    return {"type": 2, "data": {"id": "1", "name": "voice-admin", "type": 1, "options": [lists]}}


PRESS = {"component_type": 2}
FORGED: dict[str, dict[str, Any]] = {
    "a press of nothing": {"type": 3, "data": PRESS | {"custom_id": ""}},
    "a press that is no word": {"type": 3, "data": PRESS | {"custom_id": {"x": SECRET}}},
    "a form without fields": {
        "type": 5,
        "data": {"custom_id": f"mynah:voice:name:{SECRET}", "components": [{"components": 7}]},
    },
    "a form whose fields are words": {
        "type": 5,
        "data": {"custom_id": f"mynah:voice:name:{SECRET}", "components": [SECRET]},
    },
    "a command of nothing": {"type": 2, "data": {}},
    "a command that is none": {"type": 2, "data": {"id": "1", "name": SECRET, "type": 1}},
    "a command whose options are words": {
        "type": 2,
        "data": {"id": "1", "name": "say", "type": 1, "options": [SECRET]},
    },
    "a command whose text is a list": {
        "type": 2,
        "data": {
            "id": "1",
            "name": "say",
            "type": 1,
            "options": [{"name": "text", "type": 3, "value": [SECRET]}],
        },
    },
    "a member who is none": {
        "type": 2,
        "data": {
            "id": "1",
            "name": "voice-admin",
            "type": 1,
            "options": [
                {
                    "name": "audit",
                    "type": 1,
                    "options": [{"name": "member", "type": 6, "value": SECRET}],
                }
            ],
        },
    },
    "a page beyond all numbers": page(10**40),
    "a page before the first": page(-(2**70)),
    "a page that is a word": page(SECRET),
    "a page that is a list": page([SECRET]),
    "a completion of nothing": {"type": 4, "data": {"id": "1", "name": "say", "type": 1}},
    "a completion of a list": {
        "type": 4,
        "data": {
            "id": "1",
            "name": "say",
            "type": 1,
            "options": [{"name": "voice", "type": 3, "value": [SECRET], "focused": True}],
        },
    },
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
async def test_interaction_that_no_client_sends_costs_itself_alone(
    forged: dict[str, Any],
    bot: Running,
    scene: Scene,
    discord: Sandbox,
    faults: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    (before,) = discord.gateway.connections
    with capture_logs() as logged:
        discord.gateway.send_anything("INTERACTION_CREATE", interaction(scene, **forged))
        assert await spoken(scene, "Hello there.")
        gc.collect()  # asyncio reports an error that nothing retrieved when its task is destroyed
    assert SECRET not in written(logged) + caplog.text
    assert discord.gateway.connections == {before}
    # Discord does not know the forged interaction, so it accepts no answer.
    faults[:] = [each for each in faults if "Unknown interaction" not in each]
