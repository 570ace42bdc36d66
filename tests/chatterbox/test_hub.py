"""The weights come from the hub once, and are used offline from then on."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.tts.engines.chatterbox.models import MODELS
from tests.chatterbox.hub import Hub, serving

HOME = Path(__file__).resolve().parents[2]
ORIGINAL = MODELS["original"]
WORDS = "/words.zip"
#: In a process of its own, because the hub's place is read when its client is imported. The hub
#: also gets what pkuseg would fetch from GitHub, and does not have it.
CODE = f"""
import os, sys
from tests.chatterbox import checkpoint
checkpoint.shrink()
from spacy_pkuseg.config import config
config.model_urls['spacy_ontonotes'] = os.environ['HF_ENDPOINT'] + '{WORDS}'
from engine.model.errors import SetupError
from engine.tts.engines.chatterbox import ChatterboxSynthesizer
synthesizer = ChatterboxSynthesizer(sys.argv[1], None, 'cpu')
try:
    synthesizer.load()
except SetupError as error:
    print('refused:', error)
else:
    print('loaded:', [voice.name for voice in synthesizer.describe().voices])
"""


def started(cache: Path, url: str, model: str = "original") -> str:
    """How a start with that cache ends."""
    places = {"HF_HOME": str(cache), "HF_ENDPOINT": url, "PKUSEG_HOME": str(cache / "pkuseg")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE, model],
        cwd=HOME,
        env={"PATH": os.environ["PATH"], **places},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = ("refused", "loaded")
    return next(line for line in done.stdout.splitlines() if line.startswith(told))


@pytest.fixture
def hub(checkpoints: Callable[[str], Path]) -> Hub:
    return Hub(ORIGINAL.repository, checkpoints("original"))


def test_weights_are_fetched_once_and_only_those_that_are_wanted(hub: Hub, tmp_path: Path) -> None:
    unwanted = hub.folder / "README.md"
    unwanted.write_text("Not for us.")
    try:
        with serving(hub):
            assert started(tmp_path, hub.url) == "loaded: ['Chatterbox']"
            assert {*hub.asked} == {*ORIGINAL.files, *ORIGINAL.extras}
    finally:
        unwanted.unlink()
    # Nothing answers there any more.
    assert started(tmp_path, hub.url) == "loaded: ['Chatterbox']"


def test_fetch_that_breaks_off_is_said_and_gone_on_with(hub: Hub, tmp_path: Path) -> None:
    with serving(hub):
        hub.breaks = "s3gen.safetensors"
        said = started(tmp_path, hub.url)
        assert {*hub.asked} >= {hub.breaks, *ORIGINAL.extras}
        assert said.startswith("refused: The weights of Chatterbox could not be fetched")
        assert "Try again" in said
        hub.breaks = None
        hub.asked.clear()
        assert started(tmp_path, hub.url) == "loaded: ['Chatterbox']"
        assert "s3gen.safetensors" in hub.asked
        assert not {*hub.asked} & {*ORIGINAL.extras}  # they are here already


def test_what_was_not_to_be_had_is_not_asked_for_again(
    checkpoints: Callable[[str], Path], tmp_path: Path
) -> None:
    """Where the weights are complete, a start uses no network at all, also not for optional
    files."""
    hub = Hub(MODELS["multilingual"].repository, checkpoints("multilingual"))
    with serving(hub):
        assert started(tmp_path, hub.url, "multilingual").startswith("loaded")
        assert WORDS in hub.refused
        hub.asked.clear()
        hub.refused.clear()
        assert started(tmp_path, hub.url, "multilingual").startswith("loaded")
        assert hub.asked == hub.refused == []
