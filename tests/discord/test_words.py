"""What a text becomes before it is spoken: words, never ids. The queue goes on, whatever it is."""

import re

import pytest

from mynah.testing.fake_engine import FakeEngine
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock
from tests.discord.scene import Scene, job_of, over


async def spoken_words(scene: Scene, start: Start, clock: RunningClock, text: str) -> str:
    """What the engine is given for a text."""
    engine = FakeEngine(clock, seconds=lambda _: 0.1)
    await start(engine=engine)
    message = await scene.say(text)
    await message.wait_for(over)
    return " ".join(each.text for each in engine.asked)


async def test_mentions_become_names(scene: Scene, start: Start, clock: RunningClock) -> None:
    role = scene.guild.role("Night Owls")
    text = (
        f"{scene.bob.mention} and <@!{scene.eve.id}> of <@&{role.id}> meet in <#{scene.den.id}>, "
        "@everyone, not <@123456789012345678> in <#123456789012345678>"
    )
    words = await spoken_words(scene, start, clock, text)
    assert words == (
        "Bob and Eve of Night Owls meet in Den, everyone, not unknown member in unknown channel"
    )


async def test_emoji_and_timestamps_become_words(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    in_an_hour = int(clock.time()) + 3600 + 30
    text = f"A <:party_parrot:123456789012345678> and a 🎉 <t:{in_an_hour}:R>, <t:0:D>"
    words = await spoken_words(scene, start, clock, text)
    assert words == "A party parrot and a party popper in 1 hour, 1 January 1970"


async def test_links_become_their_host(scene: Scene, start: Start, clock: RunningClock) -> None:
    text = "See https://www.example.com/watch?v=1234567890123456789 or [this](https://a.example/x)"
    words = await spoken_words(scene, start, clock, text)
    assert words == "See link to example.com or this"


async def test_no_id_is_ever_spoken(scene: Scene, start: Start, clock: RunningClock) -> None:
    some = "123456789012345678"
    text = (
        f"<@{some}> <@&{some}> <#{some}> <a:x:{some}> </say:{some}> <id:customize> "
        f"<sound:0:{some}> `<@{some}>` **<#{some}>** \\<@{some}> https://{some}.example/{some}"
    )
    words = await spoken_words(scene, start, clock, text)
    assert words
    assert not re.search(r"\d{6}", words)


HOSTILE = {
    "only emoji": "😀😀😀🎉🎉",
    "one emoji": "🏴‍☠️",
    "mixed scripts": "Hello Привет 你好 مرحبا שלום नमस्ते สวัสดี γειά",
    "right to left": "\u202emoc.live\u202c مرحبا بالعالم \u2067שלום\u2069",
    "endless combining marks": "Z" + "\u0301\u0316\u0334" * 1300,
    "no space": "a" * 4000,
    "no space in Chinese": "你好" * 2000,
    "one word of digits": "7" * 4000,
    "control characters": "".join(map(chr, range(1, 32))) + "words \x7f\x85\u2028\u0000 words",
    "noncharacters": "a \ufffe b \uffff c \U000e0041 d",
    "half of a surrogate pair": "a \ud83d b",
    "eSpeak's phonemes": "[[h@l'oU]] [[]] [[ words",
    "SSML": '<speak><break time="60s"/><audio src="file:///etc/passwd"/>words</speak>',
    "an unclosed tag": "<voice name='" + "x" * 500,
    "commands of the test engine": "{crash} {hang} {freeze} words",
    "entities": "&lt;speak&gt; &#0; &amp;amp; words",
    "format strings": "%s %n {0} {text} ${HOME} $(reboot) `id`; DROP TABLE jobs; -- words",
    "zalgo": "h̷̛̗͖͎e̵̢̛͙l̶̰̈́l̴̙̔o̸̫̅",
    "nested markup": "**" * 900 + "word" + "**" * 900,
    "unclosed markup": "||" * 500 + "``" * 400 + "[[" * 300 + "word",
    "long lines": "\n".join("- item" for _ in range(500)),
    "fullwidth and styled": "𝓗𝓮𝓵𝓵𝓸 Ｗｏｒｌｄ ⓗⓘ",
    "a single letter": "x",
    "numbers": "3.14159 1,000,000 12:34 1/2 -5 +7 1e309",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_any_text_is_spoken_and_the_queue_goes_on(
    bot: Running, scene: Scene, text: str
) -> None:
    message = await scene.say(text[:4000])
    await scene.bob.recording.until_sound(5.0)
    following = await scene.say("And now for something else.", by=scene.bob)
    if not over(message):
        await scene.told("skip")
    await bot.view(job_of(following), lambda view: view.job.started_at)


@pytest.mark.parametrize(
    "text",
    ["<@", "<:a:1>" * 600, "https://x.example " * 200, "`" * 3999 + "x", "@everyone " * 390],
    ids=["stump", "emoji", "links", "ticks", "everyone"],
)
async def test_any_markup_is_spoken_or_refused(bot: Running, scene: Scene, text: str) -> None:
    interaction = await scene.command("say", {"text": text[:4000]})
    answer = await interaction.original()
    if answer.ephemeral:
        assert "at most 4,000" in answer.content or "nothing in this text" in answer.content
    await scene.told("stop")
    await scene.say("And now for something else.", by=scene.bob)
    await scene.bob.recording.until_sound(5.0)


async def test_names_that_discord_is_slow_to_tell_do_not_hold_up_the_answer(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    scene.discord.rest.slow("GET", "/members/", 60.0, times=10)
    words = await spoken_words(scene, start, clock, f"Hello {scene.eve.mention} and all.")
    assert words == "Hello unknown member and all."
