"""The fallback speaks while the main engine is down: real engine servers, one of them killed."""

from pathlib import Path

from engine.base.clock import SystemClock
from engine.base.settings import load_settings
from engine.model.engine import EngineState
from engine.tts.client.fallback import FallbackEngine, engine_from
from engine.tts.client.supervisor import EngineSupervisor
from tests.process.hosts import host_options, tone_host_at, until
from tests.process.speaking import speech_on, spoken


async def test_the_fallback_speaks_until_the_main_one_is_back(tmp_path: Path) -> None:
    socket = tmp_path / "main.sock"
    clock = SystemClock()
    main = EngineSupervisor(clock, url=f"unix://{socket}")
    fallback = EngineSupervisor(clock, options=host_options("espeak"))
    engine = FallbackEngine(main, fallback, clock)
    async with speech_on(engine, tmp_path / "data") as speech:
        async with tone_host_at(socket):
            assert await spoken(speech, "alpha") == ["alpha"]
            assert speech.info is not None
            assert (speech.info.name, speech.fallback_speaks) == ("tone", False)
            assert fallback.pid is None  # it costs nothing until it is needed
        assert await spoken(speech, "hello there") == ["hello there"]
        assert (speech.info.name, speech.fallback_speaks) == ("espeak", True)
        assert speech.engine_state is EngineState.READY
        async with tone_host_at(socket):
            await until(lambda: main.state is EngineState.READY)
            assert await spoken(speech, "golf") == ["golf"]
            assert (speech.info.name, speech.fallback_speaks) == ("tone", False)


async def test_an_engine_that_cannot_be_loaded_at_all_leaves_the_fallback_to_speak(
    tmp_path: Path,
) -> None:
    settings = load_settings(
        _env_file=None,
        mynah_engine="tone",
        mynah_engine_url=f"unix://{tmp_path}/nobody.sock",
        mynah_fallback="espeak",
    )
    engine = engine_from(settings, SystemClock(), lambda reference: None)
    async with speech_on(engine, tmp_path / "data") as speech:
        assert await spoken(speech, "hello there") == ["hello there"]
        assert speech.fallback_speaks


async def test_a_killed_main_engine_comes_back_by_itself_and_every_text_is_spoken(
    tmp_path: Path,
) -> None:
    settings = load_settings(_env_file=None, mynah_engine="tone", mynah_fallback="espeak")
    settings = settings.model_copy(update={"mynah_data_dir": tmp_path / "data"})
    engine = engine_from(settings, SystemClock(), lambda reference: None)
    assert isinstance(engine, FallbackEngine)
    main = vars(engine)["_main"]
    async with speech_on(engine, tmp_path / "data") as speech:
        assert await spoken(speech, "alpha") == ["alpha"]
        main._host.process.kill()
        assert await spoken(speech, "hello there") == ["hello there"]
        await until(lambda: main.state is EngineState.READY)
        assert await spoken(speech, "golf") == ["golf"]
        assert speech.info is not None
        assert speech.info.name == "tone"
