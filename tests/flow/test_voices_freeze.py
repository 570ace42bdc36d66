"""`mynah voices freeze` and `release`: a recording is blocked while the bot runs."""

import pytest

from engine.model.errors import SetupError
from engine.voices.blocklist import blocked_in
from mynah.__main__ import main
from mynah.voices import freeze, release
from tests.flow.voices import ADA, BOB, Voices


async def test_a_few_digits_are_enough(running: Voices, capsys: pytest.CaptureFixture[str]) -> None:
    voice = await running.upload(ADA)
    await running.upload(BOB, "Twin", sound="ada Ada")
    assert main(["voices", "freeze", voice.reference[:8].upper()]) == 0
    told = capsys.readouterr().out
    assert voice.reference in told
    assert "2 voices have it" in told
    assert blocked_in(running.data / "frozen") == {voice.reference}
    await running.harness.pass_time(1)
    assert not await running.registry.selection.may_use(ADA, voice.key)
    assert main(["voices", "release", voice.reference[:8]]) == 0
    assert "2 voices have it" in capsys.readouterr().out
    await running.harness.pass_time(1)
    assert await running.registry.selection.may_use(ADA, voice.key)


async def test_recording_that_nobody_has_yet_can_be_frozen(
    running: Voices, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = running.analyzed("to come").reference
    assert freeze(reference) == 0
    assert "No voices have it" in capsys.readouterr().out
    assert freeze(f"{reference}.wav") == 0  # the file's name serves as well
    assert blocked_in(running.data / "frozen") == {reference}


@pytest.mark.parametrize("typed", ["", "1234567", "zzzzzzzz", "../../etc", "0" * 65])
async def test_what_is_no_hash_is_told_so(running: Voices, typed: str) -> None:
    with pytest.raises(SetupError, match="is not a content hash"):
        freeze(typed)
    assert blocked_in(running.data / "frozen") == frozenset()


async def test_unknown_and_ambiguous_ones_are_told_so(running: Voices) -> None:
    with pytest.raises(SetupError, match="begins with 00000000"):
        freeze("0" * 8)
    running.references.mkdir()
    for end in "ab":
        (running.references / f"{'0' * 63}{end}.wav").write_bytes(b"RIFF")
    with pytest.raises(SetupError, match="Several hashes"):
        freeze("0" * 8)
    with pytest.raises(SetupError, match="is not frozen"):
        release("0" * 64)


async def test_before_there_is_a_database(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    monkeypatch.chdir(empty)
    monkeypatch.setenv("MYNAH_DATA_DIR", str(empty / "data"))
    monkeypatch.setenv("MYNAH_REFERENCES_DIR", str(empty / "references"))
    assert freeze("a" * 64) == 0
    assert blocked_in(empty / "data" / "frozen") == {"a" * 64}
    assert "No voices have it" in capsys.readouterr().out
