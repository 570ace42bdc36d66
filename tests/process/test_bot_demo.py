"""`mynah demo`: one command from nothing to speech, by itself or with typed commands."""

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.process.stage import Stage


def loudness(file: Path) -> tuple[float, float]:
    """Seconds of a WAV file, and its loudest sample as a share of full scale."""
    with wave.open(str(file)) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (48_000, 2)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        return sound.getnframes() / 48_000, float(np.abs(samples.astype(int)).max()) / 32768


async def test_it_speaks_a_text_shows_the_message_and_keeps_what_was_heard(stage: Stage) -> None:
    demo = await stage.run(
        "-m", "mynah", "demo", "--text", "Hello from the test.", MYNAH_ENGINE="espeak"
    )
    code, output = await demo.report()
    assert code == 0, output
    assert "Alice types: /say text: Hello from the test." in output
    assert "@Alice says, in the voice" in output
    assert "Spoken in" in output
    assert "[Replay] [Download]" in output
    assert "Time to first sound" in output
    assert "longest gap" in output
    seconds, loudest = loudness(stage.data / "demo" / "heard.wav")
    assert seconds > 0.8
    assert loudest > 0.1


async def test_a_conversation_by_a_pipe_is_answered_to_its_end(stage: Stage) -> None:
    lines = [
        "/say alpha beta delta epsilon iota kapa lambda",
        "/say hotel",
        "/queue view",
        "/skip",
        "/dance",
        "hello",
        "/say text: golf voice: high",
        "/leave now",
        "!Dance",
    ]
    demo = await stage.run("-m", "mynah", "demo", "--chat", typed="\n".join(lines) + "\n")
    code, output = await demo.report()
    assert code == 0, output
    assert "Skipped by @Alice" in output
    assert output.count("Spoken in") == 2
    assert "in the voice High" in output
    assert "There is no command /dance" in output
    assert "Commands begin with a slash" in output
    assert "/leave takes no options" in output
    assert "No message has the button" in output
    assert "> hotel" in output
    seconds, loudest = loudness(stage.data / "demo" / "heard.wav")
    assert seconds > 1
    assert loudest > 0.05


async def test_a_conversation_that_ends_with_a_leave_ends_too(stage: Stage) -> None:
    demo = await stage.run("-m", "mynah", "demo", "--chat", typed="/join\n/say alpha\n/leave\n")
    code, output = await demo.report()
    assert code == 0, output
    assert "Goodbye" in output


@pytest.mark.parametrize(
    ("text", "settings", "reason"),
    [
        ("…", {}, "the bot refused to speak"),
        ("Hello", {"MYNAH_ENGINE_URL": "ftp://engine"}, "ended with exit code 2"),
    ],
)
async def test_where_it_fails_it_gives_the_reason_and_exits_with_1(
    stage: Stage, text: str, settings: dict[str, str], reason: str
) -> None:
    demo = await stage.run("-m", "mynah", "demo", "--text", text, **settings)
    code, output = await demo.report()
    assert code == 1
    assert "The demo failed: " in output
    assert reason in output
    assert "Traceback" not in output
