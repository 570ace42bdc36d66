"""Our engine and upstream's `generate()` compared: loading, time to first audio, speed, memory.

    .venv-chatterbox/bin/python -m bench.chatterbox
    .venv-chatterbox/bin/python -m bench.chatterbox --model turbo --checkpoint DIR

It runs on the GPU if there is one, else on the CPU. Without a checkpoint it makes a small one with
random weights, which shows only what we add to upstream's work, not the real checkpoint's speed.

Each runs in its own process, so that its memory is measured alone. Both speak the same texts, first
in turn, then four at once; upstream can only take those one after another, since its model holds
one voice. Real-time factor: seconds of work for a second of sound. Both return a text's sound when
all of it is made; ours is also postprocessed and encoded to Opus.
"""

import argparse
import asyncio
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from bench.report import Report, percentile
from engine.model.engine import SynthesisRequest
from engine.tts.audio.opus import OggSound
from engine.tts.audio.pcm import Pcm
from engine.tts.engines.chatterbox import MODELS, ChatterboxSynthesizer, ModelName

TEXTS: Final = (
    "Good morning everyone, how are you?",
    "Wait for me there, I shall be back in a minute or two.",
    "The quick brown fox jumps over the lazy dog, and nobody minds.",
)
AT_ONCE: Final = 4
_RATE: Final = 24_000
_WAYS: Final = ("ours", "upstream")


def recording() -> Pcm:
    """Six seconds of a hum with overtones: a reference that every model takes."""
    seconds = np.arange(6 * _RATE) / _RATE
    turns = np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * seconds)) / _RATE
    hum = np.sum([np.sin(2 * np.pi * each * turns) / each for each in range(1, 12)], axis=0)
    return Pcm((0.05 * hum).astype(np.float32), _RATE)


def measure(model: ModelName, checkpoint: Path | None, device: str) -> Report:
    with checkpoint_for(model, checkpoint) as folder:
        small = ["--small"] if checkpoint is None else []
        found: dict[str, dict[str, Any]] = {}
        for way in _WAYS:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "bench.chatterbox", f"--model={model}", *small),
                    *(f"--checkpoint={folder}", f"--device={device}", f"--way={way}"),
                ],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            found[way] = json.loads(done.stdout.splitlines()[-1])
    ours, theirs = found["ours"], found["upstream"]
    rows = [
        (label, *(f"{each[name]:.{digits}f}{unit}" for each in (ours, theirs)))
        for name, label, digits, unit in (
            ("load", "load", 1, " s"),
            ("condition", "compute a voice", 2, " s"),
            ("first", "first audio of a text, p50", 2, " s"),
            ("factor", "real-time factor, one text at a time", 3, ""),
            ("factor_at_once", f"real-time factor, {AT_ONCE} texts at once", 3, ""),
            ("memory", "memory of the process, most", 2, " GB"),
            ("device_memory", "memory of the GPU, most", 2, " GB"),
        )
    ]
    return Report(
        name="chatterbox",
        title=f"{MODELS[model].title} on {ours['device']}"
        + (", small and of random weights" if checkpoint is None else ""),
        head=("", "ours", "upstream"),
        rows=rows,
        figures={"model": model, "small": int(checkpoint is None)}
        | {f"{way}_{name}": value for way in _WAYS for name, value in found[way].items()},
    )


@contextmanager
def checkpoint_for(model: str, given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="checkpoint-") as folder:
        subprocess.run(
            [sys.executable, "-m", "tests.chatterbox.checkpoint", model, folder],
            cwd=Path(__file__).resolve().parents[1],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield Path(folder)


# ---- one of the two, in its own process


def shrink() -> None:
    """Make the model loadable with the tests' small checkpoint: the only code of the tests that a
    measurement uses."""
    importlib.import_module("tests.chatterbox.checkpoint").shrink()


def run_one(way: str, model: ModelName, checkpoint: Path, device: str, *, small: bool) -> None:
    """Print the figures of one of the two as a line of JSON."""
    from engine.tts.engines.chatterbox.environment import prepare

    prepare()  # on newer libraries, upstream cannot be imported without it either
    if small:
        shrink()
    from engine.tts.engines.chatterbox.device import choose_device

    chosen = choose_device(device)
    run = run_ours if way == "ours" else run_upstream
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # upstream's progress bars
        figures = run(model, checkpoint, chosen)
    print(json.dumps(figures | {"device": chosen} | memory(chosen)))


def run_ours(model: ModelName, checkpoint: Path, device: str) -> dict[str, float]:
    began = time.perf_counter()
    synthesizer = ChatterboxSynthesizer(model, checkpoint, device)
    synthesizer.load()
    loaded = time.perf_counter()
    voice = synthesizer.embed_voice(recording())
    conditioned = time.perf_counter()

    async def say(text: str, seed: int) -> tuple[float, float]:
        """Seconds to the first packet, seconds of sound."""
        start, first, seconds = time.perf_counter(), 0.0, 0.0
        sound = OggSound(_RATE)
        request = SynthesisRequest(text=text, voice="@1", seed=seed)
        async with aclosing(synthesizer.synthesize(request, voice)) as pieces:
            async for piece in pieces:
                if sound.feed(piece) and not first:
                    first = time.perf_counter() - start
                seconds += piece.seconds
        sound.flush()
        return first, seconds

    async def all_() -> dict[str, float]:
        await say(TEXTS[0], 0)
        start = time.perf_counter()
        each = [await say(text, seed) for seed, text in enumerate(TEXTS)]
        between = time.perf_counter()
        at_once = await asyncio.gather(*(say(TEXTS[0], seed) for seed in range(AT_ONCE)))
        end = time.perf_counter()
        return {
            "first": percentile([first for first, _ in each], 0.5),
            "factor": (between - start) / sum(seconds for _, seconds in each),
            "factor_at_once": (end - between) / sum(seconds for _, seconds in at_once),
        }

    figures = asyncio.run(all_())
    return {"load": loaded - began, "condition": conditioned - loaded, **figures}


def run_upstream(model: ModelName, checkpoint: Path, device: str) -> dict[str, float]:
    import soundfile
    import torch

    began = time.perf_counter()
    module, name = MODELS[model].loader
    upstream = getattr(importlib.import_module(module), name).from_local(checkpoint, device)
    loaded = time.perf_counter()
    if level := getattr(upstream, "norm_loudness", None):  # upstream's bug with numpy 2
        upstream.norm_loudness = lambda *each: np.asarray(level(*each), np.float32)
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        soundfile.write(file.name, recording().samples, _RATE, subtype="FLOAT")
        between = time.perf_counter()
        upstream.prepare_conditionals(file.name)
    conditioned = time.perf_counter()
    more = {"language_id": "en"} if model == "multilingual" else {}

    def say(text: str, seed: int) -> tuple[float, float]:
        start = time.perf_counter()
        torch.manual_seed(seed)
        sound = upstream.generate(text, **more)
        return time.perf_counter() - start, sound.shape[-1] / _RATE

    say(TEXTS[0], 0)
    each = [say(text, seed) for seed, text in enumerate(TEXTS)]
    at_once = [say(TEXTS[0], seed) for seed in range(AT_ONCE)]
    return {
        "load": loaded - began,
        "condition": conditioned - between,
        "first": percentile([taken for taken, _ in each], 0.5),
        "factor": sum(taken for taken, _ in each) / sum(seconds for _, seconds in each),
        "factor_at_once": sum(taken for taken, _ in at_once)
        / sum(seconds for _, seconds in at_once),
    }


def memory(device: str) -> dict[str, float]:
    import resource

    import torch

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # kB on Linux
    on_device = torch.cuda.max_memory_allocated() if device.startswith("cuda") else 0
    return {"memory": most / 1e9, "device_memory": on_device / 1e9}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chatterbox", description=__doc__)
    parser.add_argument("--model", choices=get_args(ModelName), default="turbo")
    parser.add_argument("--checkpoint", type=Path, help="a folder of weights")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--way", choices=_WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--small", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        run_one(options.way, options.model, options.checkpoint, options.device, small=options.small)
    else:
        measure(options.model, options.checkpoint, options.device).print()


if __name__ == "__main__":
    main()
