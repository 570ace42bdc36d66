"""From a text to its language and the model's text tokens; what upstream's tokenizer needs to
read Chinese.

The language is for the model that speaks many and must be told which. Scripts decide for most
languages; py3langid tells those in Latin letters apart. Where a text is too short or too odd to
tell, the text that it is a part of decides; where that one is too, it is English: an accent is
better than a language that nobody spoke.

    Cangjie5_TC.json    a table of characters: beside the weights
    spacy_ontonotes/    pkuseg's model, which tells words apart: beside the weights, or in
                        PKUSEG_HOME (~/.pkuseg), where pkuseg keeps it

Upstream's tokenizer asks the hub for the table at every start, and lets pkuseg ask GitHub for its
model, in whatever language is spoken; where GitHub is out of reach it does not load at all. Without
either, Chinese is spoken, but badly.
"""

import importlib
import os
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Collection
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import structlog
import torch
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from engine.base.error_text import own_words

log = structlog.get_logger(__name__)

SEGMENTER_MODEL: Final = "spacy_ontonotes"
_HOME: Final = "~/.pkuseg"
UNKNOWN: Final = "en"
#: Scripts by the first word of their letters' names in Unicode, and the one language of the model
#: that uses it. Other languages in that script (Ukrainian, Persian) are read as that one.
_OWN_SCRIPT: Final = {
    "HANGUL": "ko",
    "HEBREW": "he",
    "GREEK": "el",
    "ARABIC": "ar",
    "DEVANAGARI": "hi",
    "CYRILLIC": "ru",
}
_KANA: Final = ("HIRAGANA", "KATAKANA")
_HAN: Final = "CJK"
_LATIN: Final = "LATIN"
_IN_LATIN: Final = frozenset(
    ("da", "de", "en", "es", "fi", "fr", "it", "ms", "nl", "no", "pl", "pt", "sv", "sw", "tr")
)
#: One sign of these stands for about that many letters of other scripts.
_LETTERS: Final = {_HAN: 3, "HANGUL": 3, **dict.fromkeys(_KANA, 2)}
#: The least share of kana among all signs of Japanese; Chinese uses one now and then, for fun.
_LEAST_KANA: Final = 0.1
_LEAST_LETTERS: Final = 20  # with fewer it is chance: "Be right back" is most likely Italian
_LEAST_SURE: Final = 0.9


class Languages:
    """Tells the languages of `spoken` apart. Making it takes 0.2 s, a question less than 1 ms."""

    def __init__(self, spoken: Collection[str]) -> None:
        self._spoken = frozenset(spoken)
        self._latin = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)
        self._latin.set_languages(sorted(_IN_LATIN & self._spoken))

    def of(self, text: str, *, within: str | None = None) -> str:
        """`text` is a part of `within`."""
        found = by_script(text) or self._by_words(text)
        around = None if within is None else by_script(within)
        if found == "zh" and around == "ja":  # a part without kana
            return "ja"
        if found is None and within is not None:
            if around is None:
                found = self._by_words(within)
            elif not any(map(str.isalpha, text)):  # Latin letters in a Russian text are not Russian
                found = around
        return found if found in self._spoken else UNKNOWN

    def _by_words(self, text: str) -> str | None:
        """The language of a text in Latin letters; None where it is not clear."""
        words = "".join(each for each in text if not each.isdecimal())
        if sum(map(str.isalpha, words)) < _LEAST_LETTERS:
            return None
        language, sure = self._latin.classify(words.lower() if words.isupper() else words)
        return str(language) if sure >= _LEAST_SURE else None


def by_script(text: str) -> str | None:
    """The language by the script of most of a text; None for Latin letters, and for a text
    without letters. Pure."""
    letters: Counter[str] = Counter()
    for each in unicodedata.normalize("NFKC", text):
        if each.isalpha():
            letters[unicodedata.name(each, "").replace("-", " ").partition(" ")[0]] += 1
    weight = {script: count * _LETTERS.get(script, 1) for script, count in letters.items()}
    han_and_kana = sum(weight.get(script, 0) for script in (_HAN, *_KANA))
    others = {script: weight.get(script, 0) for script in (*_OWN_SCRIPT, _LATIN)}
    script = max(others, key=others.__getitem__)
    if han_and_kana > others[script]:
        kana = sum(letters[each] for each in _KANA)
        return "ja" if kana >= _LEAST_KANA * (kana + letters[_HAN]) else "zh"
    return _OWN_SCRIPT.get(script) if others[script] else None


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

    def init_segmenter(converter: Any) -> None:
        converter.segmenter = _segmenter(folder, fetch=fetch)

    tokenizer.hf_hub_download = lambda *, filename, **_: str(folder / filename)
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
    # It announces what it fetches on standard error, and draws a progress bar.
    download: Any = importlib.import_module("spacy_pkuseg.download")
    download.sys = SimpleNamespace(
        stderr=SimpleNamespace(write=lambda said: log.info("pkuseg says", message=said.strip()))
    )
    download.tqdm = lambda **_: nullcontext(SimpleNamespace(update=lambda done: None))
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
