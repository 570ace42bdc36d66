"""Files: as they travel with messages and options, and as Discord keeps them.

Knows: their names, types, sizes and signed addresses. Does not know: how they are served
(`protocol/cdn.py`). An address is all that a client needs to fetch one.
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Final

from sandbox.model import Json
from sandbox.model.clock import Clock, Snowflakes

#: The most bytes of one file of a bot, and of a member without Nitro. (Discord's documentation
#: now says 20 MiB; discord.py 2.7 and most servers' members still expect 10.)
MOST_BYTES: Final = 10 * 1024 * 1024
#: The same in a guild with boosts, by its premium tier.
MOST_BYTES_BOOSTED: Final = {2: 50 * 1024 * 1024, 3: 100 * 1024 * 1024}
MOST_BYTES_NITRO: Final = 500 * 1024 * 1024
MOST_FILES: Final = 10  # of one message
#: How long an address works.
ADDRESS_SECONDS: Final = 24 * 3600
#: The content type that Discord gives a file by its name. Other names get none.
_TYPES: Final = {
    ".flac": "audio/x-flac",
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".json": "application/json; charset=utf-8",
    ".m4a": "audio/mp4",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wav": "audio/x-wav",
    ".webm": "video/webm",
    ".zip": "application/zip",
}
_PLAIN: Final = "application/octet-stream"


@dataclass(frozen=True)
class Upload:
    """A file as it travels: to the bot as an option, or from it in a message. Without
    `content_type` it has the content type of its name."""

    filename: str
    data: bytes
    content_type: str | None = None


@dataclass(frozen=True)
class Recorded:
    """What a client says about a voice message that it recorded."""

    seconds: float
    waveform: bytes  # loudness, at most 256 samples

    def payload(self) -> Json:
        return {"duration_secs": self.seconds, "waveform": base64.b64encode(self.waveform).decode()}


class Storage:
    """The files that Discord keeps, and the signatures of their addresses."""

    def __init__(self, clock: Clock, ids: Snowflakes) -> None:
        self.origin = ""  # http://127.0.0.1:port, once the sandbox listens
        self.misleading = ""  # where addresses lead instead (`Files.mislead`)
        self.files: dict[int, Attachment] = {}
        self._clock = clock
        self._ids = ids
        self._key = secrets.token_bytes(32)

    def keep(
        self,
        channel_id: int,
        file: Upload,
        *,
        ephemeral: bool = False,
        recorded: Recorded | None = None,
    ) -> "Attachment":
        """Store a file as if it were sent in the channel."""
        name = clean(file.filename)
        kept = Attachment(self, self._ids.draw(), channel_id, file, name, ephemeral, recorded)
        self.files[kept.id] = kept
        return kept

    def forget(self, attachment: "Attachment") -> None:
        """The file's message is deleted, or no longer has it: its address stops working."""
        self.files.pop(attachment.id, None)

    def sign(self, path: str) -> str:
        """The path with a signature that works for a day."""
        issued = int(self._clock.time())
        expires = issued + ADDRESS_SECONDS
        signature = self._signature(path, f"{expires:x}", f"{issued:x}")
        return f"{path}?ex={expires:x}&is={issued:x}&hm={signature}&"

    def admits(self, path: str, expires: str, issued: str, signature: str) -> bool:
        """Whether an address with these parameters comes from `sign`, and still works."""
        own = self._signature(path, expires, issued)
        if not hmac.compare_digest(signature.encode(), own.encode()):
            return False
        return self._clock.time() < int(expires, 16)

    def _signature(self, path: str, expires: str, issued: str) -> str:
        text = f"{path}?ex={expires}&is={issued}"
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, eq=False)
class Attachment:
    """A file that Discord keeps."""

    storage: Storage
    id: int
    channel_id: int
    file: Upload
    filename: str
    ephemeral: bool
    recorded: Recorded | None = None

    @property
    def path(self) -> str:
        kind = "ephemeral-attachments" if self.ephemeral else "attachments"
        return f"/{kind}/{self.channel_id}/{self.id}/{self.filename}"

    @property
    def content_type(self) -> str | None:
        if self.file.content_type not in (None, _PLAIN):
            return self.file.content_type
        return _TYPES.get(os.path.splitext(self.filename)[1].lower())

    @property
    def url(self) -> str:
        """The file's address, which works for a day from now on."""
        origin = self.storage.misleading or self.storage.origin
        return origin + self.storage.sign(self.path)

    def payload(self) -> Json:
        data: Json = {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.file.data),
            "url": self.url,
            "proxy_url": f"{self.storage.origin}/proxy{self.storage.sign(self.path)}",
        }
        if self.filename != self.file.filename:
            data["title"] = os.path.splitext(self.file.filename)[0]
        if self.content_type is not None:
            data["content_type"] = self.content_type
        if self.ephemeral:
            data["ephemeral"] = True
        if self.recorded is not None:
            data |= self.recorded.payload()
        return data


def clean(filename: str) -> str:
    """The name under which Discord keeps a file: what werkzeug's `secure_filename` makes of it
    (discord-api-docs#7754), or a random name if that leaves nothing (discord-api-docs#6945)."""
    stem, ending = os.path.splitext(filename)
    return (_secure(stem) and _secure(filename)) or secrets.token_hex(6) + _secure_ending(ending)


def _secure(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = plain.replace("/", " ").split()
    return re.sub(r"[^A-Za-z0-9_.-]", "", "_".join(words)).strip("._")


def _secure_ending(ending: str) -> str:
    plain = _secure(ending)
    return f".{plain}" if plain else ""


def recorded(file: Upload) -> Recorded:
    """What a client says about a recording in Ogg Opus: the last page's position at 48 kHz is its
    length. Any other file counts as one second."""
    page = file.data.rfind(b"OggS")
    seconds = 1.0
    if page >= 0 and len(file.data) >= page + 14:
        seconds = int.from_bytes(file.data[page + 6 : page + 14], "little", signed=True) / 48_000
    samples = max(1, min(256, int(seconds * 10)))
    return Recorded(round(seconds, 2), bytes([128]) * samples)
