"""The MLS group of one voice channel, as the voice server keeps it.

The group begins when two are present, and each change of its members is one commit. A listener
commits, because it does so within the call, and the first commit of an epoch wins. A channel with
clients but no listener has no group (nobody could tell what it sounds like). When one member is
left, the group ends and its keys with it (DAVE protocol, "Sole member reset").

The server is the *external sender* of the group: it is no member and holds no key to the sound, and
only its signed proposals change who is in the group (RFC 9420, sections 6 and 12.1; DAVE protocol,
"External Sender").

Knows: order, epochs, and proposals in bytes. Does not know: sockets, sound, or what is inside a
commit.
"""

import asyncio
import struct
from dataclasses import dataclass
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class Commit:
    """A member's answer to proposals: the commit for all, a welcome for those it adds."""

    commit: bytes
    welcome: bytes | None


class Member(Protocol):
    """Someone in the channel: a client, or a simulated member."""

    user_id: int
    simulated: bool  # it answers within the call, and so it commits

    def meet(self, external_sender: bytes) -> None:
        """Opcode 25. The answer is a key package (`Group.offer`)."""

    def consider(self, proposals: bytes) -> Commit | None:
        """Opcode 27. A simulated member answers with its commit."""

    def announce(self, transition: int, commit: bytes) -> None:
        """Opcode 29."""

    def welcome(self, transition: int, welcome: bytes) -> None:
        """Opcode 30."""

    def restart(self) -> None:
        """Opcodes 24 and 21: forget the group. The answer is a new key package."""

    def execute(self, transition: int) -> None:
        """Opcode 22."""


class Group:
    """`channel_id` is the group's id. Each change takes `delay` seconds."""

    def __init__(self, channel_id: int, delay: float = 0.0) -> None:
        self.channel_id = channel_id
        self.epoch = 0  # 0: no group yet, everyone is pending
        self._delay = delay
        self._sender = ExternalSender()
        self._members: dict[int, Member] = {}
        self._packages: dict[int, bytes] = {}
        self._leaves: list[int | None] = []  # the tree's leaves from the left, by user
        self._transition = 0
        self._unready: dict[int, set[int]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._settling = False
        self._unsettled = False

    def set_delay(self, seconds: float) -> None:
        """The delay of later changes, and of one in progress."""
        self._delay = seconds
        if self._timer is not None:
            self.close()
            self._change()

    @property
    def present(self) -> list[int]:
        return list(self._members)

    def join(self, member: Member) -> None:
        """`member` is pending from now on, also if its user was here before."""
        self._members[member.user_id] = member
        self._packages.pop(member.user_id, None)
        member.meet(self._sender.package)

    def offer(self, user_id: int, key_package: bytes) -> None:
        """Opcode 26. From a member of the group it means: remove me and add me again."""
        if user_id in self._members:
            self._packages[user_id] = key_package
            self._change()

    def leave(self, member: Member) -> None:
        """Does nothing if the same user has come back as another member."""
        if self._members.get(member.user_id) is member:
            del self._members[member.user_id]
            self._packages.pop(member.user_id, None)
            for transition in list(self._unready):
                self.ready(member.user_id, transition)
            self._change()

    def ready(self, user_id: int, transition: int) -> None:
        """Opcode 23. When the last member is ready, the transition is executed."""
        waiting = self._unready.get(transition)
        if waiting is None:
            return
        waiting.discard(user_id)
        if not waiting:
            del self._unready[transition]
            for member in self._members.values():
                member.execute(transition)

    def close(self) -> None:
        """Make no more changes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _change(self) -> None:
        if self._delay <= 0:
            self._settle()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay, self._due)

    def _due(self) -> None:
        self._timer = None
        self._settle()

    def _settle(self) -> None:
        # A step makes members answer, and an answer may require the next step.
        self._unsettled = True
        if self._settling:
            return
        self._settling = True
        try:
            while self._unsettled:
                self._unsettled = False
                self._step()
        finally:
            self._settling = False

    def _step(self) -> None:
        joining = [user for user in self._packages if user in self._members]
        if self.epoch == 0:
            if len(joining) > 1:
                self._found(joining)
            return
        leaving = [
            (leaf, user)
            for leaf, user in enumerate(self._leaves)
            if user is not None and (user not in self._members or user in self._packages)
        ]
        if not leaving and not joining:
            return
        gone = {user for _, user in leaving}
        staying = [user for user in self._leaves if user is not None and user not in gone]
        if len(staying) + len(joining) < 2 or not self._simulated(staying):
            self.epoch = 0
            self._leaves = []
            self._unready = {}
            self._unsettled = True  # those who are joining may found the next group
            for user in staying:
                self._members[user].restart()
            return
        removes = [self._sender.remove(self.channel_id, self.epoch, leaf) for leaf, _ in leaving]
        made = self._commit(staying, [*removes, *self._adds(joining)])
        for leaf, _ in leaving:
            self._leaves[leaf] = None
        self._transition = self._transition % 0xFFFF + 1
        self._advance(self._transition, made, staying, joining)

    def _found(self, joining: list[int]) -> None:
        # Each has a group of one and gets a proposal to add the others. A client may answer too;
        # its commit comes second and is ignored, as on Discord if another member is faster.
        founders = self._simulated(joining)
        if not founders:
            return
        for user in joining:
            others = [other for other in joining if other != user]
            if user not in founders:
                self._members[user].consider(vector(b"".join(self._adds(others))))
        founder = founders[0]
        others = [user for user in joining if user != founder]
        made = self._commit([founder], self._adds(others))
        self._leaves = [founder]
        self._advance(0, made, [founder], others)

    def _simulated(self, users: list[int]) -> list[int]:
        return [user for user in users if self._members[user].simulated]

    def _adds(self, users: list[int]) -> list[bytes]:
        return [
            self._sender.add(self.channel_id, self.epoch, self._packages[user]) for user in users
        ]

    def _commit(self, users: list[int], proposals: list[bytes]) -> Commit:
        answers = [self._members[user].consider(vector(b"".join(proposals))) for user in users]
        return next(commit for commit in answers if commit is not None)

    def _advance(self, transition: int, made: Commit, old: list[int], new: list[int]) -> None:
        self.epoch += 1
        for user in new:
            if None in self._leaves:  # RFC 9420, section 7.7: the leftmost free leaf
                self._leaves[self._leaves.index(None)] = user
            else:
                self._leaves.append(user)
        for user in (*old, *new):
            self._packages.pop(user, None)
        clients = {user for user in (*old, *new) if not self._members[user].simulated}
        if transition and clients:
            self._unready[transition] = clients
        for user in old:
            self._members[user].announce(transition, made.commit)
        for user in new:
            if made.welcome is not None:
                self._members[user].welcome(transition, made.welcome)


def vector(data: bytes) -> bytes:
    """`data` after its variable-size length (RFC 9420, section 2.1.2)."""
    size = len(data)
    if size < 1 << 6:
        return bytes([size]) + data
    if size < 1 << 14:
        return struct.pack(">H", size | 0x4000) + data
    return struct.pack(">I", size | 0x8000_0000) + data


class ExternalSender:
    """The identity of the voice server in a group, with its own P-256 key."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        #: The content of opcode 25: the public key and a basic credential.
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
