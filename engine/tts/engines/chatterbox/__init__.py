"""Chatterbox: speech in the voice of a recording, by a model on a GPU. Only the server imports it.

synthesizer.py  the engine: the order of the steps, several requests at once
models.py       Turbo, Original, Multilingual: files, languages, style options; pure
environment.py  repairs and silences the package and what it imports
loading.py      the hub, folders of weights
embedding.py    what a recording becomes; on disk; the voice that comes with the weights
tokenizer.py    from text to its language and text tokens; what Chinese needs for that
decoding.py     from text tokens to speech tokens, one at a time
vocoder.py      from speech tokens to sound: speed, loudness, watermark
device.py       torch's device: calls, memory, the randomness of one request

Only this package sees torch and chatterbox-tts, and imports them when it loads: without the extra
`chatterbox` it says what to install.
"""

from engine.tts.engines.chatterbox.models import MODELS, ModelName
from engine.tts.engines.chatterbox.synthesizer import ChatterboxSynthesizer

__all__ = ["MODELS", "ChatterboxSynthesizer", "ModelName"]
