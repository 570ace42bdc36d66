"""From a name, a folder and a device to a loaded model.

The hub is asked once: weights that are complete in its cache are loaded without the network, and
afterwards the hub is told to stay offline.
"""

import hashlib
import importlib
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog

from engine.model.errors import SetupError
from engine.tts.engines.chatterbox.embedding import ChatterboxEmbedding, take_builtin
from engine.tts.engines.chatterbox.models import BUILTIN_FILE, Model
from engine.tts.engines.chatterbox.tokenizer import Languages, use_local_chinese

log = structlog.get_logger(__name__)

#: Bytes of each file: enough to tell two sets of weights apart, and read in milliseconds.
_FINGERPRINTED: Final = 64 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    upstream: Any  # upstream's model
    device: str
    version: str  # of the package and of the weights
    punctuate: Any  # upstream's cleaning of a text: str -> str
    builtin: ChatterboxEmbedding | None  # the voice that came with the weights
    languages: Languages | None  # None: the model speaks one


def load(model: Model, checkpoint: Path | None, device: str) -> Loaded:
    """Raises SetupError where files are missing."""
    from huggingface_hub import constants

    folder, fetched = (checkpoint, False) if checkpoint is not None else _from_hub(model)
    missing = [name for name in model.files if not (folder / name).is_file()]
    if missing:
        raise SetupError(
            f"{folder} is no checkpoint of {model.title}: {', '.join(missing)} missing."
        )
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants.HF_HUB_OFFLINE = True
    use_local_chinese(folder, fetch=fetched)
    module = importlib.import_module(model.loader[0])
    upstream = getattr(module, model.loader[1]).from_local(folder, device)
    # In half precision it rounds the numbers of tokens: 6559 becomes 6560.
    upstream.s3gen.float()
    config = getattr(upstream.t3.tfmr, "config", None)
    if config is not None and upstream.t3.hp.is_multilingual:
        # Its alignment is read from the attention, which only this way of computing gives.
        # Upstream sets the same at the first call, and never resets it.
        config._attn_implementation = "eager"
    return Loaded(
        upstream=upstream,
        device=device,
        version=f"{version('chatterbox-tts')}+{fingerprint(folder, model)}",
        punctuate=module.punc_norm,
        builtin=take_builtin(upstream, device),
        languages=Languages(model.languages) if len(model.languages) > 1 else None,
    )


def fingerprint(folder: Path, model: Model) -> str:
    """Eight digits that change with the weights: embeddings of other weights must not be reused."""
    digest = hashlib.sha256()
    for name in (*model.files, BUILTIN_FILE):
        path = folder / name
        if not path.is_file():
            continue  # only the built-in voice's file may be missing
        digest.update(f"{name} {path.stat().st_size} ".encode())
        with path.open("rb") as file:
            digest.update(file.read(_FINGERPRINTED))
            file.seek(max(0, path.stat().st_size - _FINGERPRINTED))
            digest.update(file.read())
    return digest.hexdigest()[:8]


def _from_hub(model: Model) -> tuple[Path, bool]:
    """The folder of the weights, and whether they were fetched just now. Raises SetupError."""
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
        # Optional files first: so where all needed files are there, nothing is missing.
        for names in (model.extras, model.files):
            folder = Path(snapshot_download(model.repository, allow_patterns=list(names)))
    except (OSError, HTTPError) as error:  # the hub's own errors are OSErrors
        why = str(error).partition("\n")[0]  # further lines are for programmers
        raise SetupError(
            f"The weights of {model.title} could not be fetched ({why}). Try again, or put them "
            "into a folder and set MYNAH_CHECKPOINT to it."
        ) from error
    return folder, True
