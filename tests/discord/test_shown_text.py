"""The text in a status message: as it was typed, cut, escaped, or not shown at all."""

import pytest

from tests.discord.conftest import Start
from tests.discord.running import Running
from tests.discord.scene import Scene


async def shown(scene: Scene, text: str) -> str:
    """The line of the status message that repeats the text."""
    message = await scene.say(text)
    first, line, *_ = message.content.split("\n")
    assert first.startswith(scene.ada.mention)
    assert line.startswith("> ")
    return line[2:]


async def test_long_text_is_cut_to_200_characters(bot: Running, scene: Scene) -> None:
    line = await shown(scene, "word " * 400)
    assert len(line) <= 200
    assert line.endswith("word…")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("snake_case_word and 2 * 3 * 4", "snake\\_case\\_word and 2 \\* 3 \\* 4"),
        ("one\ntwo\r\n\n# three", "one two three"),
        ("> quoted\n1. first", "quoted 1. first"),
        ("# heading", "heading"),
        ("\\# heading", "\\# heading"),
        ("say \u202eevil\u202c and \u2066more\u2069", "say evil and more"),
        ("a\u0000b\u0007c", "abc"),
        ("- not a list", "not a list"),
    ],
)
async def test_text_is_one_line_without_markup(
    bot: Running, scene: Scene, text: str, line: str
) -> None:
    assert await shown(scene, text) == line


async def test_link_is_not_shown_as_one(bot: Running, scene: Scene) -> None:
    line = await shown(scene, "[harmless](https://evil.example/x) and https://evil.example")
    assert "](" not in line
    assert "://" not in line


async def test_mentions_are_shown_as_names(bot: Running, scene: Scene) -> None:
    line = await shown(scene, f"@everyone @here {scene.bob.mention} <@&{scene.guild.id}>")
    assert "<@" not in line
    assert "@everyone" not in line
    assert "Bob" in line


async def test_name_of_a_member_is_no_markup(bot: Running, scene: Scene) -> None:
    rogue = scene.guild.member("**@everyone** [x](https://evil.example)")
    await rogue.join(scene.lounge)
    line = await shown(scene, f"Hello {rogue.mention}!")
    assert "@everyone" not in line
    assert "://" not in line.replace("\\://", "")
    assert "\\[x\\]" in line


async def test_text_is_hidden_by_a_setting(scene: Scene, start: Start) -> None:
    await start(mynah_hide_text=True)
    message = await scene.say("A secret word, and a long story. " * 5)
    assert message.content.startswith(f"{scene.ada.mention} says, in the voice ")
    listed = await scene.told("queue view")
    await scene.bob.recording.until_sound(5.0)
    await scene.told("skip")
    await message.wait_for(lambda each: "Skipped" in each.content)
    everything = [message.content, listed, *(content for _, content in message.edits)]
    assert not any("secret" in each or "story" in each for each in everything)
