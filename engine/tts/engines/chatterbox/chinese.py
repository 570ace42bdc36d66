"""What Multilingual wants beside its weights to read Chinese: a table of characters, and pkuseg's
model, which tells words apart.

Knows: where both lie, and when the second may be fetched. Does not know: other languages.

    Cangjie5_TC.json    beside the weights
    spacy_ontonotes/    beside the weights, or in PKUSEG_HOME (~/.pkuseg), as pkuseg has it

Upstream's tokenizer asks the hub for the table at every start, and has pkuseg ask GitHub for its
model, in whatever language is spoken; where GitHub is out of reach it does not load at all. Chinese
without either is spoken, but badly.
"""

import importlib
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import structlog

from engine.base.error_text import own_words

log = structlog.get_logger(__name__)

WORDS: Final = "spacy_ontonotes"
_HOME: Final = "~/.pkuseg"


def look_beside(folder: Path, *, fetch: bool) -> None:
    """Have upstream's tokenizer look beside the weights in `folder`, from its next start on.
    `fetch`: pkuseg's model may be fetched, if it lies nowhere: once, as the weights are."""
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
        log.info("Chinese is read without telling words apart: spacy-pkuseg is not installed")
        return None
    home = Path(os.environ.get("PKUSEG_HOME", _HOME)).expanduser()
    found = [place / WORDS for place in (folder, home) if (place / WORDS).is_dir()]
    if not found and not fetch:
        log.info("Chinese is read without telling words apart: no model for it", folder=WORDS)
        return None
    _hush()
    try:
        return pkuseg.pkuseg(str(found[0]) if found else WORDS)
    # Out of reach, no room, damaged.
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        log.warning(
            "Chinese is read without telling words apart: unpack the model there",
            folder=str(found[0] if found else home / WORDS),
            reason=own_words(error),
        )
        return None


def _hush() -> None:
    """It announces what it fetches on standard error, and draws a bar."""
    download: Any = importlib.import_module("spacy_pkuseg.download")
    download.sys = SimpleNamespace(stderr=SimpleNamespace(write=_say))
    download.tqdm = _NoBar


def _say(words: str) -> None:
    log.info("pkuseg says", words=words.strip())


class _NoBar:
    """Takes the place of tqdm."""

    def __init__(self, **_: object) -> None: ...

    def __enter__(self) -> "_NoBar":
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, done: int) -> None: ...
