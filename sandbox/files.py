"""Files: as they travel with messages and options, and as Discord keeps them.

Knows: their addresses. Does not know: who may fetch them; an address is enough.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sandbox.errors import Json

if TYPE_CHECKING:
    from sandbox.channels import Channel

MOST_BYTES: Final = 10 * 1024 * 1024  # of all files of one message, without boosts


@dataclass(frozen=True)
class Upload:
    """A file as it travels: to the bot as an option, or from it in a message."""

    filename: str
    data: bytes
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Attachment:
    """A file that Discord keeps, and its address."""

    id: int
    file: Upload
    url: str

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "filename": self.file.filename,
            "size": len(self.file.data),
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.file.content_type,
        }


def keep(channel: "Channel", file: Upload) -> Attachment:
    """Store a file, as if it were sent in `channel`."""
    world = channel.world
    attachment_id = world.ids.draw()
    path = f"/attachments/{channel.id}/{attachment_id}/{quote(file.filename)}"
    world.files[attachment_id] = file
    return Attachment(attachment_id, file, world.origin + path)
