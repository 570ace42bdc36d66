"""Files: as they travel with messages and options, and as Discord keeps them.

Knows: their names, types, sizes and signed addresses.
Does not know: who may fetch them (an address is enough), or how they are served (`cdn`).
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.errors import Json

if TYPE_CHECKING:
    from sandbox.messageable import Messageable
    from sandbox.world import World

#: The most bytes of one file of a bot, and of a member without Nitro. (Discord's documentation
#: now says 20 MiB; discord.py 2.7 and most servers' members still count with 10.)
MOST_BYTES: Final = 10 * 1024 * 1024
#: In a guild with boosts, by its premium tier.
MOST_BYTES_BOOSTED: Final = {2: 50 * 1024 * 1024, 3: 100 * 1024 * 1024}
MOST_BYTES_NITRO: Final = 500 * 1024 * 1024
MOST_FILES: Final = 10  # of one message
#: How long an address is good for.
ADDRESS_SECONDS: Final = 24 * 3600
#: What Discord says of a file by its name; of others it says nothing.
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
    """A file as it travels: to the bot as an option, or from it in a message. Without a content
    type it has that of its name."""

    filename: str
    data: bytes
    content_type: str | None = None


@dataclass(frozen=True)
class Recorded:
    """What the client says of a voice message that it recorded."""

    seconds: float
    waveform: bytes  # loudness, at most 256 samples

    def payload(self) -> Json:
        return {
            "duration_secs": self.seconds,
            "waveform": base64.b64encode(self.waveform).decode(),
        }


@dataclass(frozen=True, eq=False)
class Attachment:
    """A file that Discord keeps."""

    world: "World"
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
        """Its address, good for a day from now on."""
        return (self.world.files_origin or self.world.origin) + self._signed()

    def _signed(self) -> str:
        issued = int(self.world.clock.time())
        expires = issued + ADDRESS_SECONDS
        signature = self._signature(f"{expires:x}", f"{issued:x}")
        return f"{self.path}?ex={expires:x}&is={issued:x}&hm={signature}&"

    def _signature(self, expires: str, issued: str) -> str:
        text = f"{self.path}?ex={expires}&is={issued}"
        return hmac.new(self.world.signing_key, text.encode(), hashlib.sha256).hexdigest()

    def admits(self, expires: str, issued: str, signature: str) -> bool:
        """Whether an address with these parameters is Discord's own, and still good."""
        own = self._signature(expires, issued)
        if not hmac.compare_digest(signature.encode(), own.encode()):
            return False
        return self.world.clock.time() < int(expires, 16)

    def payload(self) -> Json:
        """The attachment object."""
        data: Json = {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.file.data),
            "url": self.url,
            "proxy_url": f"{self.world.origin}/proxy{self._signed()}",
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


def keep(
    channel: "Messageable",
    file: Upload,
    *,
    ephemeral: bool = False,
    recorded: Recorded | None = None,
) -> Attachment:
    """Store a file, as if it were sent in `channel`."""
    world = channel.world
    name = clean(file.filename)
    kept = Attachment(world, world.ids.draw(), channel.id, file, name, ephemeral, recorded)
    world.files[kept.id] = kept
    return kept


def forget(attachment: Attachment) -> None:
    """Its message is gone, or lost it: its address leads nowhere."""
    attachment.world.files.pop(attachment.id, None)


def clean(filename: str) -> str:
    """The name under which Discord keeps a file: as werkzeug's `secure_filename` would have it
    (discord-api-docs#7754), and a random one where nothing is left of it (discord-api-docs#6945).
    """
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
    """What the client would say of a recording in Ogg Opus: its length is the last page's
    position at 48 kHz. Of anything else it says one second."""
    page = file.data.rfind(b"OggS")
    seconds = 1.0
    if page >= 0 and len(file.data) >= page + 14:
        seconds = int.from_bytes(file.data[page + 6 : page + 14], "little", signed=True) / 48_000
    samples = max(1, min(256, int(seconds * 10)))
    return Recorded(round(seconds, 2), bytes([128]) * samples)
