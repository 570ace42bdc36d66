"""The package's environment: the terminal, the network, folders, devices."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
import torch

from engine.model.errors import SetupError
from engine.tts.engines.chatterbox import ChatterboxSynthesizer
from engine.tts.engines.chatterbox.device import choose_device
from engine.tts.engines.chatterbox.loading import fingerprint
from engine.tts.engines.chatterbox.models import MODELS
from tests.chatterbox.speech import Speaker, recording

HOME = Path(__file__).resolve().parents[2]


async def test_sound_is_made_in_float32(speaker: Speaker) -> None:
    assert {each.dtype for each in speaker.upstream.s3gen.parameters()} == {torch.float32}
    await speaker.say(seed=1)
    assert {each.dtype for each in speaker.upstream.s3gen.parameters()} == {torch.float32}
    assert speaker.low.plain.tokens.dtype == torch.int64  # type: ignore[attr-defined]


async def test_nothing_is_printed_in_this_process(
    speaker: Speaker, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs():
        await speaker.say(seed=1)
        speaker.synthesizer.embed_voice(recording(150))
        speaker.synthesizer.embed_voice(recording(150, seconds=6.43))  # not whole tokens
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []


def test_no_network_is_used_with_a_checkpoint(
    checkpoints: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    synthesizer = ChatterboxSynthesizer("multilingual", checkpoints("multilingual"), "cpu")
    synthesizer.load()
    loaded = synthesizer._loaded
    assert loaded is not None
    assert loaded.upstream.tokenizer.cangjie_converter.word2cj == {"好": "vnd", "你": "onf"}


def test_info_is_the_model_s(speaker: Speaker) -> None:
    info = speaker.synthesizer.describe()
    assert info.version.startswith("0.1.7+")
    assert info.clones
    assert info.slots == 2


def test_version_changes_with_the_weights(
    checkpoints: Callable[[str], Path], tmp_path: Path
) -> None:
    model = MODELS["original"]
    for name in model.files:
        (tmp_path / name).write_bytes(b"x" * 100)
    first = fingerprint(tmp_path, model)
    (tmp_path / model.files[1]).write_bytes(b"x" * 99 + b"y")
    second = fingerprint(tmp_path, model)
    (tmp_path / "conds.pt").write_bytes(b"x")
    assert len({first, second, fingerprint(tmp_path, model)}) == 3


def test_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ve.safetensors").touch()
    with pytest.raises(SetupError, match=r"t3_turbo_v1\.safetensors, s3gen_meanflow") as failed:
        ChatterboxSynthesizer("turbo", tmp_path, "cpu").load()
    assert "ve.safetensors" not in str(failed.value)


def test_device_that_is_not_there_is_refused() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(SetupError, match="torch sees no such device"):
            choose_device("cuda")
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") in ("cpu", "cuda", "mps")


def test_hub_out_of_reach_says_what_to_do(tmp_path: Path) -> None:
    """In a process of its own, because the hub's place is read at import."""
    code = (
        "from engine.tts.engines.chatterbox import ChatterboxSynthesizer\n"
        "from engine.model.errors import SetupError\n"
        "try:\n    ChatterboxSynthesizer('turbo', None, 'cpu').load()\n"
        "except SetupError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HOME,
        env={"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert "could not be fetched" in done.stdout, done.stderr
    assert "MYNAH_CHECKPOINT" in done.stdout
