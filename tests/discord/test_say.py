"""/say, from what is typed to what another member hears."""

from engine.model.jobs import JobState
from mynah.testing.fake_engine import FakeEngine
from sandbox import Sandbox
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock
from tests.discord.scene import LONG, Scene, job_of, over, private
from tests.flow.harness import job_for


async def test_second_member_hears_what_was_said(bot: Running, scene: Scene) -> None:
    message = await scene.say("Hello there.")
    await scene.bob.recording.until_sound(5.0)
    await message.wait_for(over)
    spans = scene.bob.recording.speech_spans(join=0.5)
    assert len(spans) == 1
    assert scene.bob.recording.undecodable == 0


async def test_jobs_of_a_server_are_spoken_in_order(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    bot = await start(engine=FakeEngine(clock, seconds=lambda _: 0.2))
    messages = [await scene.say(text) for text in ("First.", "Second.", "Third.")]
    for message in messages:
        await message.wait_for(over, timeout=10.0)
    jobs = [(await bot.speech.view(job_of(message))).job for message in messages]
    assert [job.state for job in jobs] == [JobState.COMPLETED] * 3
    times = [time for job in jobs for time in (job.started_at or 0.0, job.ended_at or 0.0)]
    assert times == sorted(times)


async def test_voice_completes_as_one_types(bot: Running, scene: Scene) -> None:
    choices = await scene.ada.complete("say", "voice", "engl", others={"text": "x"})
    assert 1 < len(choices) <= 25
    assert all("English" in each["name"] for each in choices)


async def test_empty_voice_offers_as_many_as_discord_shows(bot: Running, scene: Scene) -> None:
    assert len(await scene.ada.complete("say", "voice", "", others={"text": "x"})) == 25


async def test_voice_that_nobody_has_completes_to_nothing(bot: Running, scene: Scene) -> None:
    assert await scene.ada.complete("say", "voice", "qqqq", others={"text": "x"}) == []


async def test_chosen_voice_speaks_and_is_named(bot: Running, scene: Scene) -> None:
    (choice, *_) = await scene.ada.complete("say", "voice", "german", others={"text": "x"})
    message = await scene.say("Ja.", voice=choice["value"])
    assert f"in the voice {choice['name']}" in message.content
    job = (await bot.speech.view(job_of(message))).job
    assert job.voice == choice["value"] == "de"
    await message.wait_for(over)


async def test_voice_may_be_typed_by_its_name(bot: Running, scene: Scene) -> None:
    message = await scene.say("Ja.", voice="german")
    assert (await bot.speech.view(job_of(message))).job.voice == "de"


async def test_unknown_voice_is_refused_with_those_that_are_near(
    bot: Running, scene: Scene
) -> None:
    words = await scene.told("say", {"text": "Hello.", "voice": "germ"})
    assert "There is no such voice. Did you mean German" in words
    assert await bot.speech.queue(str(scene.guild.id)) == []


async def test_job_is_on_disk_but_silent_until_discord_takes_the_answer(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.rest.slow("POST", "/callback", 0.6)
    interaction = await scene.ada.command("say", {"text": "Hello there."}, channel=scene.text)
    await discord.world.clock.sleep(0.5)
    job = await job_for(bot.speech, str(interaction.id))
    assert job is not None
    assert job.pending
    assert scene.bob.recording.frames == []
    message = await interaction.original()
    await scene.bob.recording.until_sound(5.0)
    await message.wait_for(over)


async def test_two_servers_do_not_wait_for_each_other(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    other = Scene(discord)
    await other.ada.join(other.lounge)
    await other.bob.join(other.lounge)
    await scene.say(LONG)
    await scene.bob.recording.until_sound(5.0)
    message = await other.say("Short.")
    await message.wait_for(over)
    assert other.bob.recording.packets()
    assert len(await bot.speech.queue(str(scene.guild.id))) == 1


async def test_text_is_said_where_the_member_is_wherever_it_was_typed(
    bot: Running, scene: Scene
) -> None:
    message = await scene.say("Here.", channel=scene.lounge)
    assert message.channel is scene.lounge
    await message.wait_for(over)
    assert "Spoken in" in message.content


async def test_help_names_every_command(bot: Running, scene: Scene) -> None:
    words = await scene.told("help")
    for name in ("say", "skip", "stop", "pause", "resume", "join", "leave", "queue view"):
        assert f"`/{name}`" in words
    for name in ("voice upload", "voice list", "mydata export", "mydata delete"):
        assert f"`/{name}`" in words


async def test_help_names_commands_as_they_are_typed_in_a_group(scene: Scene, start: Start) -> None:
    await start(mynah_command_group="mynah")
    words = await scene.told("mynah help")
    assert "`/mynah say`" in words
    interaction = await scene.command("mynah queue view")
    assert "Nothing is waiting" in await private(interaction)
