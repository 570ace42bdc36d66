"""A simulated member in a voice channel: a real DAVE session, and what comes out of it.

Knows: how to take part in the channel's MLS group. A frame that this session cannot decrypt is a
frame that a member does not hear. Does not know: sockets, or what sound is.
"""

from collections.abc import Callable

import davey

from sandbox.protocol.voice.group import Commit
from sandbox.protocol.voice.recording import HeardFrame, Recording

DAVE_VERSION = 1
#: It travels without end-to-end encryption (DAVE protocol, "Silence Packets").
SILENCE = b"\xf8\xff\xfe"


class Listener:
    """`offer` passes a key package to the channel's group (None: the channel is not end-to-end
    encrypted). With `record` false it takes part in the group and hears nothing."""

    simulated = True

    def __init__(
        self,
        user_id: int,
        channel_id: int,
        recording: Recording,
        offer: Callable[[int, bytes], None] | None,
        *,
        record: bool = True,
    ) -> None:
        self.user_id = user_id
        self.recording = recording
        self._record = record
        self._channel_id = channel_id
        self._offer = offer
        self._external_sender = b""
        self._session = davey.DaveSession(DAVE_VERSION, user_id, channel_id)

    def hear(
        self, time: float, sequence: int, timestamp: int, speaker: int, payload: bytes
    ) -> None:
        """Take one RTP payload, without its transport encryption."""
        if not self._record:
            return
        silence = payload == SILENCE
        if not silence and self._offer is not None:
            try:
                payload = self._session.decrypt(speaker, davey.MediaType.audio, payload)
            except (ValueError, RuntimeError):
                self.recording.miss()
                return
        self.recording.add(HeardFrame(time, sequence, timestamp, payload, speaker, silence))

    def meet(self, external_sender: bytes) -> None:
        self._external_sender = external_sender
        self._session.set_external_sender(external_sender)
        self._offer_key_package()

    def consider(self, proposals: bytes) -> Commit | None:
        append = davey.ProposalsOperationType.append
        made = self._session.process_proposals(append, proposals)
        return None if made is None else Commit(made.commit, made.welcome)

    def announce(self, transition: int, commit: bytes) -> None:
        self._session.process_commit(commit)

    def welcome(self, transition: int, welcome: bytes) -> None:
        self._session.process_welcome(welcome)

    def restart(self) -> None:
        self._session = davey.DaveSession(DAVE_VERSION, self.user_id, self._channel_id)
        self._session.set_external_sender(self._external_sender)
        self._offer_key_package()

    def execute(self, transition: int) -> None:
        pass  # davey uses the keys of the new epoch as soon as it has them

    def _offer_key_package(self) -> None:
        if self._offer is not None:
            self._offer(self.user_id, self._session.get_serialized_key_package())
