"""Chatterbox: speech in the voice of a recording, by a model on a GPU. Only a host imports this.

synthesizer.py   the engine: the order of the steps, several requests at once
models.py        Turbo, Original, Multilingual: files, languages, styles; pure
environment.py   what the package needs around it, and what it must not print
loading.py       the hub, folders of weights, devices
conditionals.py  what a recording becomes; on disk; the voice that comes with the weights
languages.py     which language a text is in, for Multilingual
tokenizer.py         text to tokens of text; chinese.py: what Chinese wants for that
decoding.py      tokens of text to speech tokens, one at a time; alignment.py: Multilingual's watch
vocoder.py         speech tokens to sound; its pace, its level, its watermark
rng.py          the randomness of one request
memory.py        a call of the model, and a device that has no room

It is torch's and the package's only place in the house, and imports them when it loads: without
the extra `chatterbox` it says what to install.
"""

from engine.tts.engines.chatterbox.models import MODELS, ModelName
from engine.tts.engines.chatterbox.synthesizer import ChatterboxSynthesizer

__all__ = ["MODELS", "ChatterboxSynthesizer", "ModelName"]
