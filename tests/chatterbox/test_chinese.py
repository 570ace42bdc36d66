"""Chinese and Japanese are prepared for the model of 23 languages, without any network."""

import hashlib
import zipfile
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import spacy_pkuseg
from spacy_pkuseg.config import config

from engine.tts.engines.chatterbox import ChatterboxSynthesizer, tokenizer
from engine.tts.engines.chatterbox.loading import Loaded
from engine.tts.engines.chatterbox.tokenizer import text_tokens
from tests.chatterbox.speech import Speaker

WORDS = ("我们 今天 去 公园 玩", "今天 天气 很 好", "大家 早上 好", "他们 明天 去 学校") * 20
SENTENCE, APART = "我们今天去学校玩", ["我们", "今天", "去", "学校", "玩"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pkuseg's model, trained here on a few sentences."""
    folder = tmp_path_factory.mktemp("pkuseg")
    text = folder / "sentences.txt"
    text.write_text("\n".join((*WORDS, "")))
    spacy_pkuseg.train(str(text), str(text), str(folder / tokenizer.SEGMENTER_MODEL), train_iter=3)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place where pkuseg looks by default: an empty folder."""
    monkeypatch.setenv("PKUSEG_HOME", str(tmp_path))
    monkeypatch.setattr(config, "pkuseg_home", str(tmp_path))
    return tmp_path


def converter(folder: Path, *, fetch: bool = False) -> Any:
    """Upstream's converter, made as its tokenizer makes it at the start."""
    from chatterbox.models.tokenizers.tokenizer import ChineseCangjieConverter

    tokenizer.use_local_chinese(folder, fetch=fetch)
    return ChineseCangjieConverter(folder)


def test_words_are_told_apart_where_the_model_lies_beside_the_weights(
    model: Path, elsewhere: Path
) -> None:
    (model / "Cangjie5_TC.json").write_text('["我\\thqi"]')
    made = converter(model)
    assert made.segmenter.cut(SENTENCE) == APART
    assert made("我们今天").split() == ["[cj_h][cj_q][cj_i][cj_.]们", "今天"]


def test_words_are_told_apart_where_it_lies_in_pkusegs_own_place(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKUSEG_HOME", str(model))
    assert converter(tmp_path).segmenter.cut(SENTENCE) == APART


def test_it_is_fetched_once_in_silence(
    model: Path,
    elsewhere: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    packed = model / f"{tokenizer.SEGMENTER_MODEL}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in (model / tokenizer.SEGMENTER_MODEL).iterdir():
            archive.write(file, file.name)
    there = partial(SimpleHTTPRequestHandler, directory=str(model))
    server = ThreadingHTTPServer(("127.0.0.1", 0), there)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        place = f"http://127.0.0.1:{server.server_port}/{packed.name}"
        monkeypatch.setitem(config.model_urls, tokenizer.SEGMENTER_MODEL, place)
        found = hashlib.sha256(packed.read_bytes()).hexdigest()
        monkeypatch.setitem(config.model_hash, tokenizer.SEGMENTER_MODEL, found)
        capfd.readouterr()
        assert converter(tmp_path, fetch=True).segmenter.cut(SENTENCE) == APART
        said = capfd.readouterr()
        assert said.err.count("\n") == 1  # the server's own, for one request
        assert "%|" not in said.err + said.out
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert converter(tmp_path, fetch=True).segmenter.cut(SENTENCE) == APART


def test_out_of_reach_it_does_without(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        closed = f"http://127.0.0.1:{server.server_port}/words.zip"
    monkeypatch.setitem(config.model_urls, tokenizer.SEGMENTER_MODEL, closed)
    assert converter(tmp_path, fetch=True).segmenter is None


def test_damaged_it_does_without(elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / tokenizer.SEGMENTER_MODEL).mkdir()
    assert converter(tmp_path).segmenter is None
    for name in ("features.msgpack", "weights.npz"):
        (tmp_path / tokenizer.SEGMENTER_MODEL / name).write_bytes(b"not this")
    assert converter(tmp_path).segmenter is None


def tokens_of(loaded: Loaded, text: str, language: str) -> Any:
    return text_tokens(loaded.upstream, loaded.punctuate(text), language, loaded.device)


async def test_chinese_is_spoken_without_it(
    checkpoints: Callable[[str], Path], elsewhere: Path
) -> None:
    synthesizer = ChatterboxSynthesizer("multilingual", checkpoints("multilingual"), "cpu")
    synthesizer.load()
    loaded = synthesizer._loaded
    assert loaded is not None
    assert loaded.upstream.tokenizer.cangjie_converter.segmenter is None
    assert tokens_of(loaded, SENTENCE, "zh").shape[1] > 2


def test_japanese_is_read_by_its_sound(speakers: Callable[[str], Speaker]) -> None:
    """By pykakasi. Without it, upstream skips this step silently."""
    loaded = speakers("multilingual").synthesizer._loaded
    assert loaded is not None
    texts = ("東京", "とうきょう", "東")
    kanji, kana, shorter = (tokens_of(loaded, each, "ja") for each in texts)
    assert kanji.equal(kana)
    assert shorter.shape[1] < kanji.shape[1]
