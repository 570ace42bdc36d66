"""Libraries that are newer than the package expects: `make test-chatterbox` installs them.

The extra pins older ones. With those, the claims here about the libraries themselves do not hold,
and all other tests pass.
"""

import builtins
import importlib.util
import subprocess
import sys
from importlib.metadata import version

import numpy as np

from engine.tts.engines.chatterbox import environment
from tests.chatterbox.speech import Speaker, recording


def test_these_tests_run_on_numpy_2_and_a_setuptools_without_pkg_resources() -> None:
    assert int(np.__version__.split(".")[0]) >= 2
    assert int(version("setuptools").split(".")[0]) >= 82
    assert importlib.util.find_spec("pkg_resources") is None


def test_without_our_repair_the_watermarker_is_missing_there() -> None:
    """If this fails, perth works without `pkg_resources`, and we no longer need it."""
    code = "import perth; print(perth.PerthImplicitWatermarker)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True)
    assert done.stdout.strip() == b"None" or b"pkg_resources" in done.stderr


def test_numpy_2_makes_no_float64_of_a_normed_reference(turbo: Speaker) -> None:
    samples = recording(110).samples
    # Upstream's own code, and what broke it: if this fails, upstream fixed it.
    assert turbo.upstream.norm_loudness(samples, 24_000).dtype == np.float64
    turbo.synthesizer.embed_voice(recording(110))


def test_mends_can_be_done_twice() -> None:
    environment.prepare()
    assert "pkg_resources" not in sys.modules
    assert builtins.print is print
