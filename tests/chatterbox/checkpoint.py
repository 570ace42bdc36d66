"""Checkpoints of random weights in the layout of the real ones, small enough to build in a test.

    python -m tests.chatterbox.checkpoint turbo DIR

Knows: which of upstream's sizes can be made smaller from outside, which files its loaders read.
Does not know: our engine.

Their speech is noise, but it begins, depends on the voice and the text, and ends: it lasts about
two seconds, which is plausible for 1 to some 80 characters. Original's checkpoint has a voice of
its own, as all real ones do; the others have none. Every process that loads one must call `shrink`
first.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from engine.tts.engines.chatterbox.environment import prepare

prepare()

import chatterbox.models.t3.llama_configs as sizes  # noqa: E402 - after the mends
import chatterbox.models.t3.modules.cond_enc as condition_encoder  # noqa: E402
import chatterbox.mtl_tts  # noqa: E402
import chatterbox.tts  # noqa: E402
import chatterbox.tts_turbo  # noqa: E402
from chatterbox.models.s3gen import S3Gen  # noqa: E402
from chatterbox.models.t3 import T3  # noqa: E402
from chatterbox.models.t3.modules.cond_enc import T3Cond  # noqa: E402
from chatterbox.models.t3.modules.perceiver import Perceiver  # noqa: E402
from chatterbox.models.t3.modules.t3_config import T3Config  # noqa: E402
from chatterbox.models.voice_encoder import VoiceEncoder  # noqa: E402

WIDTH: Final = 64
STOP: Final = 6562
LATE: Final = 100
#: Speech tokens until the stop becomes likely: 2 s.
LENGTH: Final = 50
#: What Turbo reads before it speaks, for a reference of 6 s: the voice, its 150 tokens, a start.
BEFORE: Final = 152
_TAGS: Final = (
    *("angry", "fear", "surprised", "whispering", "advertisement", "dramatic", "narration"),
    *("crying", "happy", "sarcastic", "clear throat", "sigh", "shush", "cough", "groan"),
    *("sniff", "gasp", "chuckle", "laugh"),
)
_CORPUS: Final = (
    "The quick brown fox jumps over the lazy dog, and the dog says nothing of it.",
    "Good morning everyone, this is a sentence that somebody might say in a channel.",
    "How are you today? Wait for me, I shall be there in a minute or two. Yes. No.",
    "Where words are common, a token stands for four letters; so it does for the real ones.",
)


def shrink() -> None:
    """Make upstream's classes small, in this process. May be called twice."""
    sizes.LLAMA_CONFIGS["GPT2_medium"].update(
        n_layer=2, n_embd=WIDTH, hidden_size=WIDTH, n_head=2, n_positions=2048, n_ctx=2048
    )
    # Multilingual's alignment is read from layers 9, 12 and 13, of heads up to the 16th.
    sizes.LLAMA_CONFIGS["Llama_520M"].update(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=14,
        num_attention_heads=16,
        num_key_value_heads=16,
        head_dim=4,
    )
    condition_encoder.Perceiver = lambda: Perceiver(
        pre_attention_query_size=WIDTH, embedding_dim=WIDTH
    )
    for module in (chatterbox.tts_turbo, chatterbox.tts, chatterbox.mtl_tts):
        module.S3Gen = _small_s3gen


def _small_s3gen(meanflow: bool = False) -> Any:
    s3gen = S3Gen(meanflow)
    encoder, estimator = s3gen.flow.encoder, s3gen.flow.decoder.estimator
    encoder.encoders, encoder.up_encoders = encoder.encoders[:1], encoder.up_encoders[:1]
    estimator.mid_blocks = estimator.mid_blocks[:1]
    for block in (*estimator.down_blocks, *estimator.mid_blocks, *estimator.up_blocks):
        block[1] = block[1][:1]
    s3gen.tokenizer.encoder.blocks = s3gen.tokenizer.encoder.blocks[:1]
    return s3gen


def build_turbo(folder: Path) -> None:
    config = T3Config(text_tokens_dict_size=50276)
    config.llama_config_name = "GPT2_medium"
    config.speech_tokens_dict_size = 6563
    config.input_pos_emb = None
    config.speech_cond_prompt_len = 375
    config.use_perceiver_resampler = False
    config.emotion_adv = False
    t3 = T3(config)
    with torch.no_grad():
        t3.speech_head.bias.zero_()
        _lend_attention(
            weight for block in t3.tfmr.h for weight in (block.attn.c_attn, block.attn.c_proj)
        )
        # It knows its position from the number of tokens that it has read.
        _end_at(t3, t3.tfmr.wpe.weight, BEFORE + LENGTH)
    save_file(_weights(VoiceEncoder()), folder / "ve.safetensors")
    save_file(_weights(t3), folder / "t3_turbo_v1.safetensors")
    save_file(_weights(_small_s3gen(meanflow=True)), folder / "s3gen_meanflow.safetensors")
    _build_gpt_tokenizer(folder)


def build_original(folder: Path) -> None:
    save_file(_weights(VoiceEncoder()), folder / "ve.safetensors")
    save_file(_weights(_guided(T3Config.english_only())), folder / "t3_cfg.safetensors")
    save_file(_weights(_small_s3gen()), folder / "s3gen.safetensors")
    _build_plain_tokenizer(folder / "tokenizer.json", 704, ())
    _build_voice(folder / "conds.pt")


def build_multilingual(folder: Path) -> None:
    languages = chatterbox.mtl_tts.SUPPORTED_LANGUAGES
    torch.save(_weights(VoiceEncoder()), folder / "ve.pt")
    save_file(_weights(_guided(T3Config.multilingual())), folder / "t3_mtl23ls_v2.safetensors")
    torch.save(_weights(_small_s3gen()), folder / "s3gen.pt")
    _build_plain_tokenizer(
        folder / "grapheme_mtl_merged_expanded_v1.json", 2454, [f"[{each}]" for each in languages]
    )
    (folder / "Cangjie5_TC.json").write_text(json.dumps(["好\tvnd", "你\tonf"]))


def _guided(config: Any) -> Any:
    t3 = T3(config)
    with torch.no_grad():
        _lend_attention(
            weight
            for layer in t3.tfmr.layers
            for name in ("q_proj", "k_proj", "o_proj")
            for weight in (getattr(layer.self_attn, name),)
        )
        _end_at(t3, t3.speech_pos_emb.emb.weight, LENGTH)
    return t3


def _lend_attention(layers: Any) -> None:
    """Random weights of the usual size attend to everything alike: make them choose, so that what
    is drawn depends on the voice and the text."""
    for layer in layers:
        layer.weight.mul_(6)


def _end_at(t3: Any, positions: Any, place: int) -> None:
    """Along one direction a position says whether it is late, and the stop depends on that; along
    another one all positions are the same, and tokens that are not speech never come.

    Multilingual's watch forbids the stop until the whole text was attended to, which random
    attention may never do. So one other token becomes likely late: two of it in a row, and the
    watch ends the speech.
    """
    late, always = torch.linalg.qr(torch.randn(WIDTH, 2))[0].T
    t3.speech_emb.weight.mul_(0.5)
    positions[:place] -= 8 * late
    positions[place:] += 8 * late
    positions += 6 * always
    t3.speech_head.weight[STOP - 1 :] = -4 * always
    t3.speech_head.weight[STOP] = 4 * late
    t3.speech_head.weight[LATE] = 3 * late


def _weights(module: Any) -> dict[str, Any]:
    return {name: weight.contiguous() for name, weight in module.state_dict().items()}


def _build_voice(file: Path) -> None:
    """A voice in upstream's form, saved by upstream, as if computed from a reference of 4 s."""
    manner = T3Cond(
        speaker_emb=torch.nn.functional.normalize(torch.rand(1, 256)),
        cond_prompt_speech_tokens=torch.randint(6561, (1, 100)),
        emotion_adv=0.5 * torch.ones(1, 1, 1),
    )
    sound = {
        "prompt_token": torch.randint(6561, (1, 100)),
        "prompt_token_len": torch.tensor([100]),
        "prompt_feat": torch.randn(1, 200, 80) - 5,
        "prompt_feat_len": None,
        "embedding": torch.randn(1, 192),
    }
    chatterbox.tts.Conditionals(manner, sound).save(file)


def _build_gpt_tokenizer(folder: Path) -> None:
    """GPT-2's tokenizer: merges of bytes, 50,257 entries, and the tags that Turbo knows."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        _CORPUS * 20,
        trainers.BpeTrainer(vocab_size=800, initial_alphabet=alphabet, show_progress=False),
    )
    model = json.loads(tokenizer.to_str())["model"]
    vocabulary, end = model["vocab"], "<|endoftext|>"
    vocabulary |= {f"<unused {at}>": at for at in range(len(vocabulary), 50_256)}
    vocabulary[end] = 50_256
    tags = {f"[{tag}]": 50_257 + at for at, tag in enumerate(_TAGS)}
    kinds = dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), end)
    added = {
        str(at): {"content": content, "special": content == end, "normalized": content == end}
        | dict.fromkeys(("lstrip", "rstrip", "single_word"), False)
        for content, at in {end: 50_256, **tags}.items()
    }
    merges = (each if isinstance(each, str) else " ".join(each) for each in model["merges"])
    config = {"tokenizer_class": "GPT2Tokenizer", "model_max_length": 1024, **kinds}
    config |= {"add_prefix_space": False, "added_tokens_decoder": added}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("\n".join(("#version: 0.2", *merges, "")))
    (folder / "added_tokens.json").write_text(json.dumps(tags))
    (folder / "special_tokens_map.json").write_text(json.dumps(kinds))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def _build_plain_tokenizer(file: Path, size: int, more: Any) -> None:
    """The tokenizer of Original and Multilingual: merges of letters; its start is 255, its stop
    0."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[STOP]", "[UNK]", "[SPACE]", "[PAD]", "[SEP]", "[CLS]", "[MASK]", *more]
    tokenizer.train_from_iterator(
        _CORPUS, trainers.BpeTrainer(vocab_size=250, special_tokens=special, show_progress=False)
    )
    spec = json.loads(tokenizer.to_str())
    vocabulary = spec["model"]["vocab"]
    free = (at for at in range(len(vocabulary), size) if at != 255)
    vocabulary |= {f"<unused {at}>": at for at in free}
    vocabulary["[START]"] = 255
    file.write_text(json.dumps(spec))


_BUILD: Final[dict[str, Callable[[Path], None]]] = {
    "turbo": build_turbo,
    "original": build_original,
    "multilingual": build_multilingual,
}


def build(model: str, folder: Path) -> Path:
    """A checkpoint of that model in `folder`, always the same."""
    shrink()
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        _BUILD[model](folder)
    return folder


if __name__ == "__main__":
    build(sys.argv[1], Path(sys.argv[2]))
