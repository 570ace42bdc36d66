"""Every setting: its type, its default, its purpose. One frozen object, built once at start-up.

Knows: names, ranges, where values come from (the environment, then `.env`).
Does not know: how settings are used. No other module reads settings from the environment.
"""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from engine.model.engine import Device
from engine.model.errors import SetupError

MEBIBYTE = 1024 * 1024
LEAST_TOKEN: Final = 16
MOST_TOKEN: Final = 512
#: The characters that a header may have, without the space (RFC 9110, section 5.5).
TOKEN: Final = re.compile(rf"[!-~]{{{LEAST_TOKEN},{MOST_TOKEN}}}")
#: A command for the operator to copy: 43 characters, 256 random bits.
MAKE_TOKEN: Final = 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Pause = Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Field names are the environment's names in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # a wrong value may be a secret
    )

    #: The bot's token, from the developer portal, page Bot. Needed by `mynah run`.
    discord_token: SecretStr | None = None
    #: The URL of Discord's REST API, of a REST proxy, or of the sandbox. It also gives the
    #: gateway's address.
    discord_api_url: str = "https://discord.com/api/v10"

    #: The database and the audio cache. Each bot needs its own.
    mynah_data_dir: Path = Path("data")
    #: Recordings of members, and those that the operator adds.
    mynah_references_dir: Path = Path("references")
    #: The engine that speaks. `tone`, for tests: a tone a letter. The names of engines are checked
    #: against their catalog, when an engine is asked for.
    mynah_engine: str = "espeak"
    #: The device that runs Chatterbox. `auto`: a GPU if there is one.
    mynah_device: Device = "auto"
    #: The folder with the files of Chatterbox's model. None: they are downloaded from the hub once,
    #: then used offline.
    mynah_checkpoint: Path | None = None
    mynah_fallback: str | None = None  # the engine that speaks while the other one is down
    #: Use the engine server at this URL (`http://…`, or `unix:///path.sock`), and start none.
    mynah_engine_url: str | None = None
    #: The secret that the bot and an engine server on another machine share. Without it
    #: `mynah engine` serves this machine only.
    mynah_engine_token: SecretStr | None = None
    #: Seconds without progress on a request after which the engine server counts as hung and is
    #: replaced.
    mynah_hang_limit: Seconds = 30
    #: For tests and measurements: the real-time factor at which eSpeak delivers. 0: as fast as it
    #: can.
    mynah_espeak_pace: float = Field(0.0, ge=0, le=100)

    #: Seconds that a text may wait while its server's queue cannot be spoken.
    mynah_job_expiry: Seconds = 600
    mynah_max_text: int = Field(4000, ge=1, le=100_000)  # characters of a text
    mynah_max_queue: int = Field(50, ge=1, le=10_000)  # texts that may wait in a server
    mynah_max_queue_member: int = Field(10, ge=1, le=10_000)  # … of one member
    mynah_alone_timeout: Seconds = 60  # alone in a voice channel, then the bot leaves it
    mynah_lead_join: Pause = 0.2  # seconds of silence before the first sound after a join
    mynah_lead_pause: Pause = 0.1  # … after a pause
    mynah_hide_text: bool = False  # do not repeat the text in the status message
    #: Register every command below this one (`/mynah skip`), for servers where another bot has
    #: commands of the same names.
    mynah_command_group: str | None = Field(None, pattern=r"^[-_a-z0-9]{1,32}$")
    #: Serve only these servers: ids, separated by commas. Empty: all.
    mynah_guilds: Annotated[frozenset[int], NoDecode] = frozenset()

    mynah_max_upload: int = Field(10, ge=1, le=500)  # mebibytes of a member's recording
    mynah_max_recording: Seconds = 300  # of sound in a member's recording
    mynah_max_voices: int = Field(10, ge=0, le=1000)  # of one member
    #: Recordings that one member may upload in an hour; rejected ones count.
    mynah_max_uploads: int = Field(10, ge=1, le=1000)

    #: Mebibytes of the audio cache; the least recently used goes first.
    mynah_cache_size: int = Field(1024, ge=1)
    #: Days for which finished texts are kept, with their sound.
    mynah_keep_jobs: float = Field(7, gt=0)
    #: Mebibytes of free disk below which the bot refuses new texts.
    mynah_disk_reserve: int = Field(256, ge=0)

    mynah_log_level: Literal["debug", "info", "warning", "error"] = "info"
    mynah_log_format: Literal["console", "json"] = "console"

    @field_validator("mynah_guilds", mode="before")
    @classmethod
    def _split_guilds(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return [part for part in value.replace(",", " ").split() if part]

    @field_validator(
        *("mynah_log_level", "mynah_log_format", "mynah_engine", "mynah_device", "mynah_fallback"),
        mode="before",
    )
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("mynah_engine_token")
    @classmethod
    def _check_token(cls, value: SecretStr | None) -> SecretStr | None:
        token = "" if value is None else value.get_secret_value().strip()
        if not token:
            return None
        if not TOKEN.fullmatch(token):
            raise ValueError(
                f"must be {LEAST_TOKEN} to {MOST_TOKEN} letters, digits and signs without a space. "
                f"Make one: {MAKE_TOKEN}"
            )
        return SecretStr(token)

    @field_validator("discord_api_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")


def secrets_of(settings: Settings) -> list[str]:
    """The values that must never be written anywhere: those of every SecretStr."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return [each.get_secret_value().strip() for each in values if isinstance(each, SecretStr)]


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment and `.env`. Raises SetupError, which names each wrong one."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise SetupError("Settings are wrong. " + "; ".join(lines)) from error
