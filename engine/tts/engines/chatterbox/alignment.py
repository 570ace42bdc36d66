"""Upstream's watch over Multilingual's alignment, without what it leaves behind.

Knows: upstream's `AlignmentStreamAnalyzer`, which ends speech that wanders off its text by what the
model attends to. Does not know: how tokens are drawn.

Upstream hooks it into three layers of the model at every call and never takes it off: each later
call runs all earlier hooks too, and they keep what they saw. Here a request's hooks are on the
model only while it takes a step of its own, so nothing is left, and no request sees another's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final

from chatterbox.models.t3.inference.alignment_stream_analyzer import AlignmentStreamAnalyzer

_LAYER: Final = 9  # as upstream passes it; it goes by its own list of layers and heads

Hook = Callable[[Any, Any, Any], None]


class Alignment:
    """One request's watch."""

    def __init__(self, layers: Any, text: tuple[int, int], stop: int) -> None:
        """`text`: where in the model's input the text begins and ends."""
        self._layers = layers
        self._hooks: list[tuple[int, Hook]] = []
        stand_in = SimpleNamespace(layers=[_Layer(at, self._hooks) for at in range(len(layers))])
        self._analyzer = AlignmentStreamAnalyzer(
            stand_in, None, text_tokens_slice=text, alignment_layer_idx=_LAYER, eos_idx=stop
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The model is called within the block, by this request alone."""
        handles = [
            self._layers[at].self_attn.register_forward_hook(hook) for at, hook in self._hooks
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def judge(self, logits: Any, last: int) -> Any:
        """The logits, changed where speech must end or must not. (1, V) -> (1, V)."""
        return self._analyzer.step(logits, next_token=last)


class _Layer:
    """What the analyzer takes for a layer of the model: it notes the hook that it is given."""

    def __init__(self, at: int, hooks: list[tuple[int, Hook]]) -> None:
        self._at = at
        self._hooks = hooks
        self.self_attn = self

    def register_forward_hook(self, hook: Hook) -> None:
        self._hooks.append((self._at, hook))
