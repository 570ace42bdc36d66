"""/say, from what is typed to what another member hears."""

from engine.speech.jobs import JobState
from sandbox import Sandbox
from tests.discord.conftest import Start
from tests.discord.running import Running
from tests.discord.scene import Scene, job_of, over, private

LONG = "This text goes on for quite a while. " * 12


async def test_second_member_hears_what_was_said(bot: Running, scene: Scene) -> None:
    message = await scene.say("Hello there.")
    await scene.bob.recording.until_sound(5.0)
    await message.wait_for(over)
    spans = scene.bob.recording.speech_spans(join=0.5)
    assert len(spans) == 1
    assert scene.bob.recording.undecodable == 0


async def test_status_message_goes_from_the_queue_to_the_outcome(
    bot: Running, scene: Scene
) -> None:
    first = await scene.say(LONG)
    assert "Next in the queue" in first.content
    await scene.bob.recording.until_sound(5.0)
    second = await scene.say("One short sentence. And then another one, to the end.", by=scene.bob)
    third = await scene.say("Last.", by=scene.bob)
    assert scene.bob.mention in second.content
    assert "One short sentence. And then another one, to the end." in second.content
    assert "Next in the queue" in second.content
    assert "Place 2 in the queue" in third.content
    assert second.buttons == ["Skip", "Stop"]

    await scene.press(first, "Skip")
    await second.wait_for(over, timeout=15.0)

    shown = [content for _, content in second.edits]
    assert any("▰▱ 1/2" in content for content in shown)
    assert "Spoken in" in shown[-1]
    assert second.buttons == ["Replay", "Download"]


async def test_waiting_message_tells_when_its_turn_comes(bot: Running, scene: Scene) -> None:
    await scene.say(LONG)
    await scene.bob.recording.until_sound(5.0)
    waiting = await scene.say("Now me.", by=scene.bob)
    assert "Next in the queue, starts <t:" in waiting.content
    assert ":R>" in waiting.content


async def test_jobs_of_a_server_are_spoken_in_order(bot: Running, scene: Scene) -> None:
    messages = [await scene.say(text) for text in ("First.", "Second.", "Third.")]
    for message in messages:
        await message.wait_for(over, timeout=10.0)
    jobs = [(await bot.speech.view(job_of(message))).job for message in messages]
    assert [job.state for job in jobs] == [JobState.COMPLETED] * 3
    times = [(job.started_at, job.ended_at) for job in jobs]
    assert times == sorted(times)
    assert all(before[1] <= after[0] for before, after in zip(times, times[1:], strict=False))


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
    message = await scene.say("Guten Tag.", voice=choice["value"])
    assert f"in the voice {choice['name']}" in message.content
    job = (await bot.speech.view(job_of(message))).job
    assert job.voice == choice["value"] == "de"
    await message.wait_for(over)


async def test_voice_may_be_typed_by_its_name(bot: Running, scene: Scene) -> None:
    message = await scene.say("Guten Tag.", voice="german")
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
    job = await bot.speech.job_for(str(interaction.id))
    assert job is not None
    assert job.held
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
    message = await scene.say("From the voice channel's own chat.", channel=scene.lounge)
    assert message.channel is scene.lounge
    await message.wait_for(over)
    assert "Spoken in" in message.content


async def test_help_names_every_command(bot: Running, scene: Scene) -> None:
    words = await scene.told("help")
    for name in ("say", "skip", "stop", "pause", "resume", "join", "leave", "queue view"):
        assert f"`/{name}`" in words


async def test_help_names_commands_as_they_are_typed_in_a_group(
    scene: Scene, start: Start
) -> None:
    await start(mynah_command_group="mynah")
    words = await scene.told("mynah help")
    assert "`/mynah say`" in words
    interaction = await scene.command("mynah queue view")
    assert "Nothing is waiting" in await private(interaction)
