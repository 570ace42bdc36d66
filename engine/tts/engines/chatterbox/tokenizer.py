"""From a text to the model's text tokens; and what upstream's tokenizer needs to read Chinese.

    Cangjie5_TC.json    a table of characters: beside the weights
    spacy_ontonotes/    pkuseg's model, which tells words apart: beside the weights, or in
                        PKUSEG_HOME (~/.pkuseg), where pkuseg keeps it

Upstream's tokenizer asks the hub for the table at every start, and lets pkuseg ask GitHub for its
model, in whatever language is spoken; where GitHub is out of reach it does not load at all. Without
either, Chinese is spoken, but badly.
"""

import importlib
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import structlog
import torch

from engine.base.error_text import own_words

log = structlog.get_logger(__name__)

SEGMENTER_MODEL: Final = "spacy_ontonotes"
_HOME: Final = "~/.pkuseg"


def text_tokens(upstream: Any, clean: str, language: str, device: str) -> Any:
    """(1, n), int64, on `device`. `clean`: the text as upstream's own cleaning leaves it."""
    tokenizer, t3 = upstream.tokenizer, upstream.t3
    if t3.is_gpt:
        tokens = tokenizer(clean, return_tensors="pt").input_ids
    elif t3.hp.is_multilingual:
        tokens = tokenizer.text_to_tokens(clean, language_id=language)
    else:
        tokens = tokenizer.text_to_tokens(clean)
    return tokens.to(device=device, dtype=torch.long)


def use_local_chinese(folder: Path, *, fetch: bool) -> None:
    """Make upstream's tokenizer look beside the weights in `folder`, from its next start on.

    `fetch`: if pkuseg's model is nowhere, it may be fetched once, as the weights are.
    """
    tokenizer: Any = importlib.import_module("chatterbox.models.tokenizers.tokenizer")

    def beside(*, filename: str, **_: object) -> str:
        return str(folder / filename)

    def init_segmenter(converter: Any) -> None:
        converter.segmenter = _segmenter(folder, fetch=fetch)

    tokenizer.hf_hub_download = beside
    tokenizer.ChineseCangjieConverter._init_segmenter = init_segmenter


def _segmenter(folder: Path, *, fetch: bool) -> Any:
    """pkuseg with its model; None where either is missing."""
    try:
        pkuseg: Any = importlib.import_module("spacy_pkuseg")
    except ImportError:
        log.info("Chinese words are not told apart: spacy-pkuseg is not installed")
        return None
    home = Path(os.environ.get("PKUSEG_HOME", _HOME)).expanduser()
    places = (folder / SEGMENTER_MODEL, home / SEGMENTER_MODEL)
    found = next((str(place) for place in places if place.is_dir()), None)
    if found is None and not fetch:
        log.info("Chinese words are not told apart: there is no model", folder=SEGMENTER_MODEL)
        return None
    _silence_pkuseg()
    try:
        return pkuseg.pkuseg(found or SEGMENTER_MODEL)
    # Out of reach, no space left, damaged.
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        log.warning(
            "Chinese words are not told apart: unpack the model in this folder",
            folder=found or str(home / SEGMENTER_MODEL),
            reason=own_words(error),
        )
        return None


def _silence_pkuseg() -> None:
    """It announces what it fetches on standard error, and draws a progress bar."""
    download: Any = importlib.import_module("spacy_pkuseg.download")
    download.sys = SimpleNamespace(stderr=SimpleNamespace(write=_log_message))
    download.tqdm = _NoBar


def _log_message(message: str) -> None:
    log.info("pkuseg says", message=message.strip())


class _NoBar:
    """Takes the place of tqdm."""

    def __init__(self, **_: object) -> None: ...

    def __enter__(self) -> "_NoBar":
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, done: int) -> None: ...
