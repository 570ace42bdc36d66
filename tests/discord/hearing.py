"""What a member heard, as texts and positions in them: for bots with the scripted engine.

Knows: how the scripted engine marks its packets. Does not know: how the packets came.
"""

from mynah.testing.fake_engine import FakeEngine, packet_of
from sandbox.protocol.voice.recording import Recording


class Hearing:
    """Reads one member's recording."""

    def __init__(self, engine: FakeEngine, recording: Recording, packets: int) -> None:
        """`packets`: how many the engine makes of any text."""
        self._engine = engine
        self._count = packets
        self.recording = recording
        self._known: dict[bytes, tuple[str, int]] = {}
        self._texts: set[str] = set()

    @property
    def packets(self) -> list[tuple[str, int]]:
        """(text of the chunk, position in it) of each packet, in the order of arrival."""
        for asked in self._engine.asked:
            if asked.text not in self._texts:
                self._texts.add(asked.text)
                for at in range(self._count):
                    self._known[packet_of(asked.text, at)] = (asked.text, at)
        return [self._known[packet] for packet in self.recording.packets()]

    @property
    def chunks(self) -> list[str]:
        """The texts, once for each time that one began."""
        began: list[str] = []
        for (text, at), before in zip(self.packets, [None, *self.packets], strict=False):
            if before is None or before[0] != text or at <= before[1]:
                began.append(text)
        return began

    def whole(self, text: str) -> bool:
        """Whether every packet of a chunk was heard once, in order and without a gap."""
        count = self._count
        wanted = [(text, at) for at in range(count)]
        heard = self.packets
        return any(
            heard[start : start + count] == wanted for start in range(len(heard) - count + 1)
        )

    async def until(self, text: str, at: int = 0, timeout: float = 20.0) -> None:
        """Wait until this packet of a chunk was heard. Raises TimeoutError."""
        wanted = packet_of(text, at)
        await self.recording.wait_for(
            lambda recording: any(frame.opus == wanted for frame in recording.frames), timeout
        )

    async def until_again(self, text: str, at: int, times: int, timeout: float = 20.0) -> None:
        """Wait until this packet was heard so many times."""
        wanted = packet_of(text, at)
        await self.recording.wait_for(
            lambda recording: sum(frame.opus == wanted for frame in recording.frames) >= times,
            timeout,
        )
