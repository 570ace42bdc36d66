"""Whatever happens to the voice connection, every chunk is heard whole in the end, in order.

The scripted engine marks its packets, so a test knows which chunk a listener heard, and whether the
listener heard all of it.
"""

from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from mynah.testing.fake_engine import FakeEngine
from sandbox import Sandbox
from tests.discord.conftest import Start
from tests.discord.hearing import Hearing
from tests.discord.running import RunningClock
from tests.discord.scene import Scene, over

#: Every chunk of these tests lasts 0.6 s.
PACKETS = 30
SENTENCES = [f"This is sentence number {n} of the text." for n in ("one", "two", "three", "four")]
TEXT = " ".join(SENTENCES)

#: Wait from a fault until sound goes on, and the rest is spoken.
SECONDS = 15.0

Fault = Callable[[Sandbox, Scene], Awaitable[None]]


@pytest.fixture
def engine(clock: RunningClock) -> FakeEngine:
    return FakeEngine(clock, seconds=lambda text: PACKETS * 0.02)


@pytest.fixture
async def hearing(scene: Scene, start: Start, engine: FakeEngine) -> Hearing:
    await start(engine=engine)
    return Hearing(engine, scene.bob.recording, PACKETS)


def closing(code: int | None) -> Fault:
    async def close(discord: Sandbox, scene: Scene) -> None:
        await discord.voice.close_connection(scene.guild.id, code)

    return close


async def move_server(discord: Sandbox, scene: Scene) -> None:
    await scene.guild.move_voice_server()


async def move(discord: Sandbox, scene: Scene) -> None:
    await scene.bob.join(scene.den)
    await scene.guild.bot.move(scene.den)


async def freeze(discord: Sandbox, scene: Scene) -> None:
    discord.voice.freeze(scene.guild.id)


async def invalidate(discord: Sandbox, scene: Scene) -> None:
    await discord.gateway.invalidate()


async def drop_gateway(discord: Sandbox, scene: Scene) -> None:
    await discord.gateway.drop()


FAULTS = {
    "4006": closing(4006),
    "4009": closing(4009),
    "4014": closing(4014),
    "4015": closing(4015),
    "tcp": closing(None),
    "server": move_server,
    "move": move,
    "frozen": freeze,
    "session": invalidate,
    "gateway": drop_gateway,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_speech_goes_on_from_the_chunk_that_was_not_heard_whole(
    fault: Fault, discord: Sandbox, scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    await fault(discord, scene)
    await message.wait_for(over, timeout=SECONDS + 5)
    assert "Spoken in" in message.content
    assert all(hearing.whole(sentence) for sentence in SENTENCES)
    assert list(dict.fromkeys(hearing.chunks)) == SENTENCES
    assert hearing.recording.undecodable == 0


#: Messages of the same voice gateway's version 8 that no server sends.
FRAMES: dict[str, str | bytes] = {
    "no JSON": "words of a member",
    "a list": '["words of a member"]',
    "no op": '{"d": "words of a member"}',
    "no data": '{"op": 4}',
    "no session": '{"op": 4, "d": {"mode": "words of a member"}}',
    "no epoch": '{"op": 24, "d": {"words of a member": 1}}',
    "no transition": '{"op": 21, "d": null}',
    "too short": b"\x00",
    "no proposals": b"\x00\x01\x1b\x00words of a member",
    "no sender": b"\x00\x01\x19words of a member",
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
async def test_voice_frame_that_cannot_be_read_costs_no_sound_and_is_not_logged(
    frame: str | bytes,
    discord: Sandbox,
    scene: Scene,
    hearing: Hearing,
    caplog: pytest.LogCaptureFixture,
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    with capture_logs() as logged:
        discord.voice.garble(scene.guild.id, frame)
        await message.wait_for(over, timeout=SECONDS + 5)
    assert "Spoken in" in message.content
    assert all(hearing.whole(sentence) for sentence in SENTENCES)
    assert "words of a member" not in repr(logged) + caplog.text
    # The last line of a traceback is the error's message, which may quote the frame.
    assert not [each for each in logged if each.get("exc_info")]


async def test_voice_server_that_greets_with_what_cannot_be_read_is_asked_again(
    discord: Sandbox, scene: Scene, hearing: Hearing, clock: RunningClock
) -> None:
    discord.voice.garble_ready(scene.guild.id, '{"op": 2, "d": {"ssrc": "words"}}', times=2)
    with capture_logs() as logged:
        message = await scene.say(TEXT)
        await message.wait_for(over, timeout=SECONDS + 5)
    assert "Spoken in" in message.content
    assert all(hearing.whole(sentence) for sentence in SENTENCES)
    told = [each for each in logged if "cannot be read" in each["event"]]
    assert [each["log_level"] for each in told] == ["warning", "warning"]


async def test_what_left_into_a_dead_udp_path_is_spoken_again(
    discord: Sandbox, scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    discord.voice.drop_udp(scene.guild.id, True)
    # The frames are lost silently, so the job ends before anything notices.
    await message.wait_for(over, timeout=SECONDS)
    await hearing.until(SENTENCES[3], at=PACKETS - 1, timeout=SECONDS + 5)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_an_unreachable_udp_port_is_noticed(
    discord: Sandbox, scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    await discord.voice.close_udp()
    await hearing.until(SENTENCES[3], at=PACKETS - 1, timeout=SECONDS + 5)
    await message.wait_for(over, timeout=SECONDS)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


@pytest.mark.parametrize(
    ("first", "second"), [("4006", "4015"), ("server", "server"), ("4014", "4006")]
)
async def test_two_faults_in_a_row_are_survived(
    first: str, second: str, discord: Sandbox, scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    await FAULTS[first](discord, scene)
    await hearing.until_again(SENTENCES[1], at=10, times=1)
    await FAULTS[second](discord, scene)
    await message.wait_for(over, timeout=SECONDS + 5)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_two_moves_in_a_row_are_followed(
    discord: Sandbox, scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[0], at=5)
    await move(discord, scene)
    await hearing.until(SENTENCES[1], at=5)
    await scene.bob.join(scene.lounge)
    await scene.guild.bot.move(scene.lounge)
    await message.wait_for(over, timeout=SECONDS + 5)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_a_voice_server_that_refuses_at_first_is_tried_again(
    discord: Sandbox, scene: Scene, hearing: Hearing
) -> None:
    discord.voice.refuse_identify(scene.guild.id, 4006, 3)
    message = await scene.say(TEXT)
    await message.wait_for(over, timeout=SECONDS + 5)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_nothing_is_clipped_when_the_encryption_takes_its_time(
    discord: Sandbox, scene: Scene, hearing: Hearing
) -> None:
    discord.voice.welcome_delay = 0.5
    message = await scene.say(TEXT)
    await message.wait_for(over, timeout=SECONDS)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)
    assert hearing.chunks == SENTENCES
    assert hearing.recording.undecodable == 0


async def test_members_who_come_and_go_cost_no_frame(
    discord: Sandbox, scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[0], at=5)
    await scene.eve.join(scene.lounge)
    await hearing.until(SENTENCES[1], at=5)
    await scene.eve.leave()
    await message.wait_for(over, timeout=SECONDS)
    assert hearing.chunks == SENTENCES
    assert all(hearing.whole(sentence) for sentence in SENTENCES)
