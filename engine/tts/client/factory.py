"""The engine that the settings ask for: one, or one with a fallback."""

from engine.base.clock import Clock
from engine.base.settings import Settings
from engine.model.errors import SetupError
from engine.tts.client.engine import Engine
from engine.tts.client.fallback import FallbackEngine
from engine.tts.client.host import Recordings
from engine.tts.client.process import HostOptions
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.engines.catalog import check_installed, check_names


def engine_from(settings: Settings, clock: Clock, recordings: Recordings) -> Engine:
    """Not started. Raises SetupError for wrong settings; whether a model loads shows only later."""
    check_settings(settings)
    main = EngineSupervisor.from_settings(settings, clock, recordings)
    is_main = settings.mynah_engine == settings.mynah_fallback and not settings.mynah_engine_url
    if settings.mynah_fallback is None or is_main:
        return main
    options = HostOptions(
        engine=settings.mynah_fallback,
        log_level=settings.mynah_log_level,
        log_format=settings.mynah_log_format,
    )
    fallback = EngineSupervisor(clock, options=options, hang_limit=settings.mynah_hang_limit)
    return FallbackEngine(main, fallback, clock)


def check_settings(settings: Settings) -> None:
    """Raises SetupError for a name that no engine has, and where a local host cannot work."""
    check_names(settings.mynah_engine, settings.mynah_fallback)
    if settings.mynah_engine_url:
        return
    check_installed(settings.mynah_engine)
    checkpoint = settings.mynah_checkpoint
    if checkpoint is not None and not checkpoint.is_dir():
        raise SetupError(
            f"MYNAH_CHECKPOINT: there is no folder {checkpoint}. Name the folder that holds the "
            "model's files, or leave it empty to fetch them."
        )
