"""Which of two engines speaks, on a manual clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from engine.model.engine import EngineInfo, EngineState, SynthesisRequest
from engine.model.errors import EngineUnavailable, HostDied
from engine.tts.client.fallback import FallbackEngine
from mynah.testing.clocks import ManualClock, settle
from mynah.testing.fake_engine import CLONING_INFO, INFO, LateEngine

FALLBACK = replace(
    INFO, name="fallback", voices=(replace(INFO.voices[0], id="plain"),), default_voice="plain"
)
IN_VOICE = SynthesisRequest(text="hello", voice="@12", reference="0" * 64)
PLAIN = SynthesisRequest(text="hello", voice="plain")


class Two:
    """A main and a fallback engine."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.main = LateEngine(self.clock, info=CLONING_INFO)
        self.fallback = LateEngine(self.clock, info=FALLBACK)
        self.engine = FallbackEngine(self.main, self.fallback, self.clock)

    async def info(self) -> EngineInfo:
        return await asyncio.wait_for(self.engine.info(), 10)

    async def speak(self, request: SynthesisRequest) -> None:
        async with aclosing(self.engine.synthesize(request, deadline_in=0)) as pieces:
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
    asking = asyncio.create_task(two.info())
    await settle()
    await two.clock.advance(600)
    assert not asking.done()
    assert not two.fallback.started
    assert two.engine.state is EngineState.LOADING
    two.main.come_up()
    assert (await asking).name == CLONING_INFO.name
    await two.speak(IN_VOICE)
    assert not two.fallback.started


async def test_an_engine_that_never_loads_is_given_up_for_now(two: Two) -> None:
    asking = asyncio.create_task(two.info())
    two.main.loading = False
    await settle()
    await two.clock.advance(600)
    assert two.fallback.started
    two.fallback.come_up()
    assert (await asking).name == "fallback"
    assert two.engine.fallback_speaks
    await two.speak(PLAIN)


async def test_the_spare_engine_speaks_from_a_death_until_the_main_one_is_back(two: Two) -> None:
    two.main.come_up()
    await two.info()
    two.main.go_down()
    await two.refuses(IN_VOICE)
    two.fallback.come_up()
    assert (await two.info()).name == "fallback"
    assert (two.engine.state, two.engine.fallback_speaks) == (EngineState.READY, True)
    await two.speak(PLAIN)

    two.main.come_up()
    assert not two.engine.fallback_speaks
    await two.refuses(PLAIN)
    assert (await two.info()).name == CLONING_INFO.name
    await two.speak(IN_VOICE)


async def test_whichever_is_ready_first_speaks(two: Two) -> None:
    two.main.come_up()
    await two.info()
    two.main.go_down()
    asking = asyncio.create_task(two.info())
    await settle()
    assert two.fallback.started
    assert two.engine.state is EngineState.DOWN
    two.main.come_up()
    assert (await asking).name == CLONING_INFO.name


async def test_what_was_asked_under_one_info_never_reaches_the_other_engine(two: Two) -> None:
    two.main.come_up()
    await two.info()
    two.main.go_down()
    two.fallback.come_up()
    await two.info()
    await two.refuses(IN_VOICE)
    assert two.fallback.asked == []
    two.main.come_up()
    await two.info()
    await two.refuses(PLAIN)
    assert two.main.asked == []


async def test_the_death_of_the_one_in_use_is_told_as_a_death(two: Two) -> None:
    two.main.come_up()
    await two.info()
    two.main.kills["hello"] = 1
    with pytest.raises(HostDied):
        await two.speak(IN_VOICE)


async def test_reference_voices_are_the_main_engines_to_forget(two: Two) -> None:
    with pytest.raises(EngineUnavailable):
        await two.engine.forget("0" * 64)
    two.main.come_up()
    await two.engine.forget("0" * 64)
    assert two.main.forgotten == ["0" * 64]
