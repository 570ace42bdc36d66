"""From a text to the model's tokens of text.

Knows: upstream's cleaning of a text and its tokenizers. Does not know: speech.
"""

from typing import Any

import torch

from engine.tts.engines.chatterbox.loading import Loaded


def text_tokens(loaded: Loaded, text: str, language: str) -> Any:
    """(1, n), int64, on the model's device."""
    clean = loaded.punctuate(text)
    tokenizer, t3 = loaded.upstream.tokenizer, loaded.upstream.t3
    if t3.is_gpt:
        tokens = tokenizer(clean, return_tensors="pt").input_ids
    elif t3.hp.is_multilingual:
        tokens = tokenizer.text_to_tokens(clean, language_id=language)
    else:
        tokens = tokenizer.text_to_tokens(clean)
    return tokens.to(device=loaded.device, dtype=torch.long)
