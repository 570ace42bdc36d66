"""`python -m tests.process.tampered … run`: mynah, but it dies at a given point as by `kill -9`.

    --die before|after MODULE:CLASS.METHOD NTH   at the nth call of the method
    --faults                                     the word "crash" crashes the engine server,
                                                 "hang" makes it hang, "freeze" freezes it,
                                                 "babble" breaks the attempt: see the tone engine

Commands to the tone engine are in braces, which no text of a member keeps: this program inserts
them again on the way from the bot to its engine server.

Knows: where the product can be held. Does not know: what the product does there.
"""

import argparse
import functools
import importlib
import inspect
import os
import re
import signal
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Any

from engine.model.engine import SynthesisRequest
from engine.tts.audio.ogg import OggPiece
from engine.tts.client.supervisor import EngineSupervisor
from mynah.__main__ import main


def die_at(when: str, where: str, nth: int) -> None:
    """Replace a method by one that kills this process at its nth call."""
    module, _, path = where.partition(":")
    owner_name, _, name = path.partition(".")
    owner = getattr(importlib.import_module(module), owner_name)
    method = getattr(owner, name)
    calls = 0

    def count() -> bool:
        nonlocal calls
        calls += 1
        return calls == nth

    setattr(owner, name, _deadly(method, count, before=when == "before"))


def _deadly(method: Callable[..., Any], due: Callable[[], bool], *, before: bool) -> Any:
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def deadly(*args: Any, **kwargs: Any) -> Any:
            now = due()
            if now and before:
                die()
            result = await method(*args, **kwargs)
            if now:
                die()
            return result

    else:

        @functools.wraps(method)
        def deadly(*args: Any, **kwargs: Any) -> Any:
            now = due()
            if now and before:
                die()
            result = method(*args, **kwargs)
            if now:
                die()
            return result

    return deadly


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def put_faults_in() -> None:
    synthesize = EngineSupervisor.synthesize

    def tampered(
        self: EngineSupervisor, request: SynthesisRequest, *, deadline_in: float
    ) -> AsyncGenerator[OggPiece, None]:
        text = re.sub(r"\b(crash|hang|freeze|babble)\b", r"{\1}", request.text)
        return synthesize(self, replace(request, text=text), deadline_in=deadline_in)

    EngineSupervisor.synthesize = tampered  # type: ignore[method-assign]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--die", nargs=3)
    parser.add_argument("--faults", action="store_true")
    options, rest = parser.parse_known_args()
    if options.die is not None:
        at, place, number = options.die
        die_at(at, place, int(number))
    if options.faults:
        put_faults_in()
    raise SystemExit(main(rest))
