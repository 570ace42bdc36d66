"""What Discord's voice server itself writes in the language of MLS: Add and Remove proposals.

The server is the group's *external sender*: no member, it holds no key to the sound, and its
signed proposals alone change who is in the group (RFC 9420, sections 6 and 12.1; DAVE protocol,
"External Sender").

Knows: bytes and one signing key. Does not know: who is in which group.
"""

import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# RFC 9420, section 6: the values that these two messages need.
_MLS_10 = struct.pack(">H", 1)
_PUBLIC_MESSAGE = struct.pack(">H", 1)
_KEY_PACKAGE_MESSAGE = struct.pack(">H", 5)
_SENDER_EXTERNAL_FIRST = struct.pack(">BI", 2, 0)  # the only external sender of the group
_CONTENT_PROPOSAL = b"\x02"
_PROPOSAL_ADD = struct.pack(">H", 1)
_PROPOSAL_REMOVE = struct.pack(">H", 3)
_CREDENTIAL_BASIC = struct.pack(">H", 1)


def vector(data: bytes) -> bytes:
    """`data` behind its variable-size length (RFC 9420, section 2.1.2)."""
    size = len(data)
    if size < 1 << 6:
        return bytes([size]) + data
    if size < 1 << 14:
        return struct.pack(">H", size | 0x4000) + data
    return struct.pack(">I", size | 0x8000_0000) + data


class ExternalSender:
    """The voice server's identity in a group, with a P-256 key of its own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        #: What opcode 25 carries: the public key and a basic credential.
        self.package = vector(point) + _CREDENTIAL_BASIC + vector(bytes(8))

    def add(self, group: int, epoch: int, key_package: bytes) -> bytes:
        """Propose that the owner of `key_package` joins `group` (a channel's id)."""
        # The protocol's text wraps opcode 26 in an MLSMessage; davey sends the bare key package.
        wrapped = _MLS_10 + _KEY_PACKAGE_MESSAGE
        return self._propose(group, epoch, _PROPOSAL_ADD + key_package.removeprefix(wrapped))

    def remove(self, group: int, epoch: int, leaf: int) -> bytes:
        """Propose that the member at `leaf` leaves."""
        return self._propose(group, epoch, _PROPOSAL_REMOVE + struct.pack(">I", leaf))

    def _propose(self, group: int, epoch: int, proposal: bytes) -> bytes:
        content = (
            vector(struct.pack(">Q", group))
            + struct.pack(">Q", epoch)
            + _SENDER_EXTERNAL_FIRST
            + vector(b"")  # authenticated data
            + _CONTENT_PROPOSAL
            + proposal
        )
        framed = _MLS_10 + _PUBLIC_MESSAGE + content
        signed = vector(b"MLS 1.0 FramedContentTBS") + vector(framed)
        return framed + vector(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
