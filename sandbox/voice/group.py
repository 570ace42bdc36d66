"""One voice channel's MLS group, as the voice server keeps it: who is in, who waits, which epoch.

The group comes into being when two are present; each change of who is present is one commit. A
listener commits, for it does so within the call, and the first commit of an epoch wins; a
channel with clients but no listener has no group (nobody could tell what it sounds like). When
one member is left, the group is taken down and its keys with it (DAVE protocol, "Sole member
reset").

Knows: order and epochs. Does not know: sockets, sound, or what is inside a commit.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from sandbox.voice.mls import ExternalSender, vector


@dataclass(frozen=True, slots=True)
class Commit:
    """What a member makes of proposals: the commit for all, a welcome for those it adds."""

    commit: bytes
    welcome: bytes | None


class Member(Protocol):
    """Someone in the channel, at the end of a connection or simulated."""

    user_id: int
    simulated: bool  # answers within the call, and so commits

    def meet(self, external_sender: bytes) -> None:
        """Opcode 25; answered by a key package (`Group.offer`)."""

    def consider(self, proposals: bytes) -> Commit | None:
        """Opcode 27; a simulated member answers with its commit."""

    def announce(self, transition: int, commit: bytes) -> None:
        """Opcode 29."""

    def welcome(self, transition: int, welcome: bytes) -> None:
        """Opcode 30."""

    def restart(self) -> None:
        """Opcodes 24 and 21: forget the group; answered by a new key package."""

    def execute(self, transition: int) -> None:
        """Opcode 22."""


class Group:
    """`channel_id` is the group's id; each change takes `delay` seconds to form."""

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

    @property
    def delay(self) -> float:
        return self._delay

    @delay.setter
    def delay(self, seconds: float) -> None:
        """Counts for a change that is under way, too."""
        self._delay = seconds
        if self._timer is not None:
            self.close()
            self._change()

    @property
    def present(self) -> list[int]:
        return list(self._members)

    def join(self, member: Member) -> None:
        """`member` is pending from now on, also when it was here before under the same user."""
        self._members[member.user_id] = member
        self._packages.pop(member.user_id, None)
        member.meet(self._sender.package)

    def offer(self, user_id: int, key_package: bytes) -> None:
        """Opcode 26. From a member of the group it means: take me out and in again."""
        if user_id in self._members:
            self._packages[user_id] = key_package
            self._change()

    def leave(self, member: Member) -> None:
        """Nothing happens when another has taken its place under the same user."""
        if self._members.get(member.user_id) is member:
            del self._members[member.user_id]
            self._packages.pop(member.user_id, None)
            for transition in list(self._unready):
                self.ready(member.user_id, transition)
            self._change()

    def ready(self, user_id: int, transition: int) -> None:
        """Opcode 23. When the last has said so, the transition is executed."""
        waiting = self._unready.get(transition)
        if waiting is None:
            return
        waiting.discard(user_id)
        if not waiting:
            del self._unready[transition]
            for member in self._members.values():
                member.execute(transition)

    def close(self) -> None:
        """Let no change come any more."""
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
        # A step makes members answer, and an answer may ask for the next step.
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
            self._unsettled = True  # who is joining may found the next group
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
        # Each holds a group of one and is asked to add the others. A client may answer too; its
        # commit comes second and is passed over, as it would be had another member been quicker.
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
