"""Which of two engines speaks, on a cranked clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from engine.clock import CrankedClock, settle
from engine.errors import EngineUnavailable, HostDied
from engine.speech.scripted import CARD, CLONING_CARD, ScriptedEngine
from engine.synthesis.base import EngineCard, EngineState, SynthesisRequest
from engine.synthesis.fallback import FallbackEngine

SPARE = replace(
    CARD, name="spare", voices=(replace(CARD.voices[0], id="plain"),), default_voice="plain"
)
IN_VOICE = SynthesisRequest(text="hello", voice="@12", reference="0" * 64)
PLAIN = SynthesisRequest(text="hello", voice="plain")


class Late(ScriptedEngine):
    """It loads until it comes up for the first time, or `loading` is taken from it."""

    loading = True
    started = False

    @property
    def state(self) -> EngineState:
        if super().state is not EngineState.READY and self.loading:
            return EngineState.LOADING
        return super().state

    async def start(self) -> None:
        self.started = True

    def come_up(self) -> None:
        super().come_up()
        self.loading = False


class Two:
    """A main and a spare engine."""

    def __init__(self) -> None:
        self.clock = CrankedClock()
        self.main = Late(self.clock, card=CLONING_CARD)
        self.spare = Late(self.clock, card=SPARE)
        self.engine = FallbackEngine(self.main, self.spare, self.clock)

    async def card(self) -> EngineCard:
        return await asyncio.wait_for(self.engine.card(), 10)

    async def speak(self, request: SynthesisRequest) -> None:
        async with aclosing(self.engine.synthesize(request, due_in=0)) as pieces:
            assert [piece async for piece in pieces]

    async def refuses(self, request: SynthesisRequest) -> None:
        with pytest.raises(EngineUnavailable):
            await self.speak(request)


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    two = Two()
    await two.engine.start()
    yield two
    await two.engine.close()


async def test_while_the_main_engine_loads_for_the_first_time_nobody_takes_its_place(
    two: Two,
) -> None:
    asking = asyncio.create_task(two.card())
    await settle()
    await two.clock.advance(600)
    assert not asking.done()
    assert not two.spare.started
    assert two.engine.state is EngineState.LOADING
    two.main.come_up()
    assert (await asking).name == CLONING_CARD.name
    await two.speak(IN_VOICE)
    assert not two.spare.started


async def test_an_engine_that_never_loads_is_given_up_for_now(two: Two) -> None:
    asking = asyncio.create_task(two.card())
    two.main.loading = False
    await settle()
    await two.clock.advance(600)
    assert two.spare.started
    two.spare.come_up()
    assert (await asking).name == "spare"
    assert two.engine.spare_speaks
    await two.speak(PLAIN)


async def test_the_spare_engine_speaks_from_a_death_until_the_main_one_is_back(two: Two) -> None:
    two.main.come_up()
    await two.card()
    two.main.go_down()
    await two.refuses(IN_VOICE)
    two.spare.come_up()
    assert (await two.card()).name == "spare"
    assert (two.engine.state, two.engine.spare_speaks) == (EngineState.READY, True)
    await two.speak(PLAIN)

    two.main.come_up()
    assert not two.engine.spare_speaks
    await two.refuses(PLAIN)
    assert (await two.card()).name == CLONING_CARD.name
    await two.speak(IN_VOICE)


async def test_whichever_is_ready_first_speaks(two: Two) -> None:
    two.main.come_up()
    await two.card()
    two.main.go_down()
    asking = asyncio.create_task(two.card())
    await settle()
    assert two.spare.started
    assert two.engine.state is EngineState.DOWN
    two.main.come_up()
    assert (await asking).name == CLONING_CARD.name


async def test_what_was_asked_under_one_card_never_reaches_the_other_engine(two: Two) -> None:
    two.main.come_up()
    await two.card()
    two.main.go_down()
    two.spare.come_up()
    await two.card()
    await two.refuses(IN_VOICE)
    assert two.spare.asked == []
    two.main.come_up()
    await two.card()
    await two.refuses(PLAIN)
    assert two.main.asked == []


async def test_the_death_of_the_one_in_use_is_told_as_a_death(two: Two) -> None:
    two.main.come_up()
    await two.card()
    two.main.kills["hello"] = 1
    with pytest.raises(HostDied):
        await two.speak(IN_VOICE)


async def test_reference_voices_are_the_main_engines_to_forget(two: Two) -> None:
    with pytest.raises(EngineUnavailable):
        await two.engine.forget("0" * 64)
    two.main.come_up()
    await two.engine.forget("0" * 64)
    assert two.main.forgotten == ["0" * 64]
