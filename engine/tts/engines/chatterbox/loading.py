"""From a name, a folder and a device to a model that is ready to be called.

Knows: the hub and its cache, folders of weights, devices, upstream's own loaders.
Does not know: what is done with the model.

The hub is asked once: what lies complete in its cache is loaded without the network, and after
that the hub is told to stay offline.
"""

import hashlib
import importlib
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog
import torch

from engine.model.errors import SetupError
from engine.tts.engines.chatterbox import chinese
from engine.tts.engines.chatterbox.conditionals import Voice, taken_off
from engine.tts.engines.chatterbox.languages import Languages
from engine.tts.engines.chatterbox.models import BUILTIN_FILE, Model

log = structlog.get_logger(__name__)

#: Of each file: enough to tell two sets of weights apart, and read in milliseconds.
_LOOKED_AT: Final = 64 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Upstream's model and what it was made from."""

    upstream: Any
    device: str
    version: str  # of the package and of the weights
    punctuate: Any  # upstream's cleaning of a text: str -> str
    builtin: Voice | None  # the voice that came with the weights
    languages: Languages | None  # None: the model speaks one


def choose_device(wanted: str) -> str:
    """Raises SetupError for one that is not there."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return next((name for name, there in available.items() if there), "cpu")
    if wanted != "cpu" and not available.get(wanted.partition(":")[0], False):
        raise SetupError(
            f"MYNAH_DEVICE is {wanted!r}, and torch sees no such device here. "
            "Choose auto or cpu, or install the build of torch for it."
        )
    return wanted


def load(model: Model, checkpoint: Path | None, device: str) -> Loaded:
    """Raises SetupError where files are missing."""
    folder, fetched = (checkpoint, False) if checkpoint is not None else _from_hub(model)
    missing = [name for name in model.files if not (folder / name).is_file()]
    if missing:
        raise SetupError(
            f"{folder} is no checkpoint of {model.title}: {', '.join(missing)} missing."
        )
    _stay_offline()
    chinese.look_beside(folder, fetch=fetched)
    module = importlib.import_module(model.loader[0])
    upstream = getattr(module, model.loader[1]).from_local(folder, device)
    # In half precision it rounds the numbers of tokens: 6559 becomes 6560.
    upstream.s3gen.float()
    if _config(upstream) is not None and upstream.t3.hp.is_multilingual:
        # Its alignment is read from the attention itself, which only this way of computing gives.
        # Upstream sets the same at the first call, and for good.
        _config(upstream)._attn_implementation = "eager"
    return Loaded(
        upstream=upstream,
        device=device,
        version=f"{version('chatterbox-tts')}+{fingerprint(folder, model)}",
        punctuate=module.punc_norm,
        builtin=taken_off(upstream, device),
        languages=Languages(model.languages) if len(model.languages) > 1 else None,
    )


def _config(upstream: Any) -> Any:
    return getattr(upstream.t3.tfmr, "config", None)


def fingerprint(folder: Path, model: Model) -> str:
    """Eight digits that change with the weights: what was made with others is not to be reused."""
    digest = hashlib.sha256()
    for name in (*model.files, BUILTIN_FILE):
        path = folder / name
        if not path.is_file():
            continue  # a voice of its own, which weights can be without
        digest.update(f"{name} {path.stat().st_size} ".encode())
        with path.open("rb") as file:
            digest.update(file.read(_LOOKED_AT))
            file.seek(max(0, path.stat().st_size - _LOOKED_AT))
            digest.update(file.read())
    return digest.hexdigest()[:8]


def _from_hub(model: Model) -> tuple[Path, bool]:
    """Where the weights lie, and whether they were fetched just now. Raises SetupError."""
    from httpx import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model.repository, local_files_only=True))
        if all((folder / name).is_file() for name in model.files):
            return folder, False
    except LocalEntryNotFoundError:
        pass  # nothing of it was fetched yet
    log.info("fetching the weights, once", repository=model.repository)
    try:
        # What it can do without comes first: where all others are there, nothing is missing.
        for names in (model.extras, model.files):
            folder = Path(snapshot_download(model.repository, allow_patterns=list(names)))
    except (OSError, HTTPError) as error:  # the hub's own errors are OSErrors
        why = str(error).partition("\n")[0]  # more lines than that are for programmers
        raise SetupError(
            f"The weights of {model.title} could not be fetched ({why}). Try again, or put them "
            "into a folder and name it by MYNAH_CHECKPOINT."
        ) from error
    return folder, True


def _stay_offline() -> None:
    from huggingface_hub import constants

    os.environ["HF_HUB_OFFLINE"] = "1"
    constants.HF_HUB_OFFLINE = True
