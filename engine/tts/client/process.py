"""The local host's process: started and ended. Nothing of it outlives its parent."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from engine.tts.engines.catalog import EngineOptions

#: A socket's address holds about 104 bytes of path on macOS, 108 on Linux.
_LONGEST_PATH: Final = 100
#: Seconds from SIGTERM to SIGKILL: a host that runs at all ends within 0.2 s.
_GRACE: Final = 1.0
#: The host needs none of them: it is reached by its socket.
_SECRETS: Final = frozenset({"DISCORD_TOKEN", "MYNAH_ENGINE_TOKEN"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions(EngineOptions):
    """The host's command line: a field's name is that of its option."""

    engine: str
    state_dir: Path | None = None  # keeps the embeddings of reference voices
    slots: int | None = None  # None: as many as the engine says
    log_level: str = "info"
    log_format: str = "console"

    def arguments(self, socket: Path, lifeline: int) -> list[str]:
        given = asdict(self) | {"socket": socket, "lifeline": lifeline}
        options = {name.replace("_", "-"): value for name, value in given.items()}
        return [
            # -P: no modules from the current directory, but from PYTHONPATH, below.
            *(sys.executable, "-P", "-m", "engine.tts.server"),
            *(f"--{name}={value}" for name, value in options.items() if value is not None),
        ]


class HostProcess:
    """One running host. It lives until it dies, is killed, or `close` returns."""

    def __init__(
        self, process: asyncio.subprocess.Process, directory: Path, socket: Path, lifeline: int
    ) -> None:
        self.pid = process.pid
        self.socket = socket
        self._process = process
        self._directory = directory
        self._lifeline = lifeline

    @classmethod
    async def start(cls, options: HostOptions) -> Self:
        """Start a host; it will soon listen at `socket`. Raises OSError."""
        directory = _short_directory()
        socket = directory / "host.sock"
        theirs, ours = os.pipe()
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *options.arguments(socket, theirs),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=None,  # the host writes to our log
                pass_fds=(theirs,),
                start_new_session=True,  # the terminal's Ctrl-C is for us alone
                env=_environment(),
            )
        )
        try:
            try:
                process = await asyncio.shield(starting)
            except asyncio.CancelledError:
                # Cancelled in there, asyncio would leave a process that nobody waits for.
                with suppress(OSError):  # it did not start at all
                    process = await starting
                    process.kill()
                    await process.wait()
                raise
        except BaseException:
            os.close(ours)
            shutil.rmtree(directory, ignore_errors=True)
            raise
        finally:
            os.close(theirs)
        return cls(process, directory, socket, ours)

    @property
    def returncode(self) -> int | None:
        """As of `subprocess`; None while it lives."""
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    def kill(self) -> None:
        """End it now, also if it hangs."""
        self._signal(signal.SIGKILL)

    async def close(self) -> None:
        """End it by SIGTERM, after a second by SIGKILL, and remove its files."""
        self._signal(signal.SIGTERM)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await self.wait()
        finally:
            self.kill()
            os.close(self._lifeline)
            shutil.rmtree(self._directory, ignore_errors=True)
            await self.wait()  # also when cancelled: a process that nobody waits for stays a zombie

    def _signal(self, number: signal.Signals) -> None:
        # Not by asyncio's own methods: they poll, and would take the exit status from its watcher.
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _short_directory() -> Path:
    """A new directory, for this user alone, in which a socket's path is short enough."""
    directory = Path(tempfile.mkdtemp(prefix="mynah-"))
    if len(bytes(directory)) > _LONGEST_PATH - len("/host.sock"):
        directory.rmdir()
        directory = Path(tempfile.mkdtemp(prefix="mynah-", dir="/tmp"))
    return directory


def _environment() -> dict[str, str]:
    """Our environment without secrets, with the folder in which this package is found."""
    kept = {name: value for name, value in os.environ.items() if name.upper() not in _SECRETS}
    home = Path(__file__).resolve().parents[3]  # of the package `engine`
    if home.name not in ("site-packages", "dist-packages"):  # else it is installed
        others = [kept["PYTHONPATH"]] if kept.get("PYTHONPATH") else []
        kept["PYTHONPATH"] = os.pathsep.join([str(home), *others])
    return kept
