"""Refused uploads: each gets a clear private answer, and nothing of it is kept."""

import io
import socket
import zipfile

import psutil
import pytest

from engine.model.voices import Requester, Scope
from sandbox import Message, Sandbox, Upload
from tests.discord.conftest import Start
from tests.discord.given import requester
from tests.discord.running import Running, RunningClock
from tests.discord.scene import Scene, over, private
from tests.discord.uploading import AGREE, agree, ask, give, kept, left_over, speech_file
from tests.process.recorded import converted, raw_wav


def nothing_came_of_it(bot: Running) -> bool:
    return kept(bot) == [] and left_over(bot) == []


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("ada.mp3", converted("mp3"))
    return packed.getvalue()


HOSTILE = {
    "text.wav": b"This is no sound at all. " * 100,
    "truncated.mp3": converted("mp3")[:700],
    "truncated.m4a": converted("m4a")[:2000],
    "lying.wav": raw_wav(b"\0\0" * 100, data_size=2**32 - 1, riff_size=2**32 - 1),
    "archive.mp3": archive(),
    "list.m3u8": b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n",
    "list.ffconcat": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
}


@pytest.mark.parametrize("filename", HOSTILE)
async def test_file_that_is_no_recording_is_told_so(
    bot: Running, scene: Scene, filename: str
) -> None:
    answer = await give(scene, Upload(filename, HOSTILE[filename], "audio/mpeg"))
    assert answer.buttons == []
    assert "Something went wrong" not in answer.content
    assert len(answer.content) > 20
    assert nothing_came_of_it(bot)
    await (await scene.say("I am well.")).wait_for(over)


async def test_empty_file_is_refused_before_the_question(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    answer = await ask(scene, Upload("empty.wav", b""))
    assert "This file is empty" in answer.content
    assert answer.buttons == []
    assert discord.files.requests == []


async def test_large_file_is_refused_before_the_question(
    scene: Scene, start: Start, discord: Sandbox
) -> None:
    await start(mynah_max_upload=1)
    answer = await ask(scene, Upload("large.wav", bytes(1024 * 1024 + 1)))
    assert "too large: at most 1 MiB" in answer.content
    assert discord.files.requests == []


async def test_length_of_a_recording_is_a_setting(scene: Scene, start: Start) -> None:
    bot = await start(mynah_max_recording=5)
    assert "longer than 5 s" in (await give(scene)).content
    assert nothing_came_of_it(bot)


async def test_file_that_is_larger_than_announced_is_not_read_to_its_end(
    scene: Scene, start: Start, discord: Sandbox
) -> None:
    bot = await start(mynah_max_upload=1)
    discord.files.swell(by=64 * 1024 * 1024)
    assert "too large: at most 1 MiB" in (await give(scene)).content
    (request,) = discord.files.requests
    assert not request.is_whole
    assert nothing_came_of_it(bot)


async def test_recording_that_vanished_is_told(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    question = await ask(scene)
    discord.files.vanish("ada")
    answer = await agree(scene, question)
    assert "no longer there. Upload it again" in answer.content
    await question.wait_for(lambda each: not each.buttons)
    assert nothing_came_of_it(bot)


async def test_recording_that_stalls_is_given_up(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    question = await ask(scene)
    discord.files.stall(after=1000)
    pressed = await (await scene.ada.press(question, AGREE)).answered()
    await discord.files.until(lambda log: log[0].sent == 1000)
    await clock.advance(6.1)
    answer = await pressed.original()
    assert "did not arrive in time. Upload it again" in answer.content
    assert nothing_came_of_it(bot)
    discord.files.clear()


async def test_recording_that_breaks_off_is_told(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.files.cut(after=1000)
    answer = await give(scene)
    assert "arrived incomplete" in answer.content
    assert nothing_came_of_it(bot)


async def test_recording_that_is_elsewhere_is_not_followed(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.files.fail(status=302)
    assert "no longer there" in (await give(scene)).content
    assert nothing_came_of_it(bot)


async def test_recording_that_is_not_on_discords_servers_is_not_fetched(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    """As a hostile proxy in front of Discord could have it: the address of an attachment leads to
    another port of this machine, where a server listens."""
    with socket.create_server(("127.0.0.1", 0)) as bait:
        bait.setblocking(False)
        port = bait.getsockname()[1]
        for origin in (
            f"http://127.0.0.1:{port}",
            f"http://localhost:{port}",
            f"{discord.world.origin}@127.0.0.1:{port}",
        ):
            discord.files.mislead(origin)
            answer = await ask(scene)
            assert answer.content == (
                "This recording is not on Discord's servers, so it was not fetched."
            )
            assert answer.buttons == []
            message = await scene.ada.say("", scene.text, [speech_file()])
            menu = await scene.ada.message_command("Use as my voice", message)
            assert await private(menu) == answer.content
        with pytest.raises(BlockingIOError):  # no call has come
            bait.accept()
    assert discord.files.requests == []
    assert nothing_came_of_it(bot)
    discord.files.mislead("")
    assert "is kept" in (await give(scene)).content


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "two\nlines", "\u202egnihton", "**bold**", "@everyone", "x" * 33, " "],
)
async def test_name_that_is_not_what_it_seems_is_refused_before_the_question(
    bot: Running, scene: Scene, discord: Sandbox, name: str
) -> None:
    answer = await ask(scene, name=name)
    assert "name" in answer.content
    assert answer.buttons == []
    assert discord.files.requests == []


async def test_hostile_file_name_is_never_a_path(bot: Running, scene: Scene) -> None:
    file = Upload("..\\../../\u202e`rm`.mp3", converted("mp3"))
    assert "is kept" in (await give(scene, file)).content
    (voice,) = await bot.registry.owners.own(str(scene.ada.id))
    assert [each.stem for each in kept(bot)] == [voice.reference]


async def test_second_voice_of_a_name_is_refused(bot: Running, scene: Scene) -> None:
    await give(scene, name="Morning")
    assert "another voice of that name" in (await ask(scene, name="MORNING ")).content


async def test_most_voices_of_a_member_are_a_setting(scene: Scene, start: Start) -> None:
    await start(mynah_max_voices=1)
    await give(scene)
    assert "You have 1 voice," in (await ask(scene, name="Other")).content
    assert "is kept" in (await give(scene, by=scene.bob)).content


async def test_uploads_of_an_hour_are_a_setting(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    bot = await start(mynah_max_uploads=1)
    await give(scene)
    (voice,) = await bot.registry.owners.own(str(scene.ada.id))
    await bot.registry.owners.delete(requester(scene.ada), voice.key)
    assert "within an hour" in (await ask(scene)).content
    await clock.advance(3601.0)
    assert (await ask(scene)).buttons == [AGREE]


async def test_role_that_may_upload_is_asked_for_at_both_times(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    role = scene.guild.role("Voices")
    question = await ask(scene)
    admin = Requester(member=str(scene.guild.owner.id), place=str(scene.guild.id))
    await bot.registry.moderation.set_uploaders(admin, str(role.id))
    assert "only members with a certain role" in (await ask(scene, by=scene.bob)).content
    assert "only members with a certain role" in (await agree(scene, question)).content
    assert discord.files.requests == []
    scene.bob.set_roles([role])
    assert "is kept" in (await give(scene, by=scene.bob)).content


async def test_two_hundred_uploads_at_once_each_get_an_answer(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.limit_rates(False)
    members = [scene.guild.member(f"Member {number}") for number in range(200)]
    file = speech_file()
    questions = [await ask(scene, file, by=each) for each in members]
    pressed = [
        await member.press(question, AGREE)
        for member, question in zip(members, questions, strict=True)
    ]
    most_files = most_children = 0
    answers: list[Message] = []
    for each in pressed:
        answers.append(await (await each.answered()).original(60.0))
        most_files = max(most_files, len(left_over(bot)))
        most_children = max(most_children, len(psutil.Process().children()))
    taken = [each for each in answers if "is kept" in each.content]
    busy = [each for each in answers if "in a m" in each.content and "nothing was" in each.content]
    assert taken
    assert len(taken) + len(busy) == len(members)
    assert most_files <= 12
    assert most_children <= 4  # the engine's host, its resource tracker, two analyses
    assert left_over(bot) == []
    question = questions[answers.index(busy[-1])]
    assert "is kept" in (await agree(scene, question, by=members[answers.index(busy[-1])])).content


async def test_two_hundred_and_first_question_is_told_to_wait(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.limit_rates(False)
    file = speech_file()
    for number in range(200):
        await ask(scene, file, by=scene.guild.member(f"Member {number}"))
    assert "Many members are uploading voices" in (await ask(scene, file)).content


async def test_thousand_uploads_of_one_member_leave_one_question(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.limit_rates(False)
    file = speech_file()
    questions = [await ask(scene, file, name=f"Voice {number}") for number in range(100)]
    for each in questions[:-1]:
        await each.wait_for(lambda message: not message.buttons)
    assert questions[-1].buttons == [AGREE]


async def test_upload_for_a_server_is_not_refused_a_second_time(bot: Running, scene: Scene) -> None:
    card = await give(scene, scope="server")
    assert "shared with this server" in card.content
    (voice,) = await bot.registry.owners.own(str(scene.ada.id))
    assert voice.scope is Scope.SERVER
    assert await private(await scene.command("voice list", by=scene.bob))
