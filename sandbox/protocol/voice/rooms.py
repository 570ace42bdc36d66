"""Voice channels as the voice server sees them: who is in each, and its encrypted group.

Knows: clients and listeners by channel. Does not know: who may enter, or how messages travel.
"""

from dataclasses import dataclass, field

from sandbox.protocol.voice.connection import VoiceConnection
from sandbox.protocol.voice.group import Group
from sandbox.protocol.voice.listener import Listener
from sandbox.protocol.voice.recording import Recording
from sandbox.protocol.voice.wire import Op


@dataclass(slots=True)
class Room:
    """`group` is None if channels are not end-to-end encrypted."""

    guild_id: int
    channel_id: int
    group: Group | None
    clients: dict[int, VoiceConnection] = field(default_factory=dict)
    listeners: dict[int, Listener] = field(default_factory=dict)


class Rooms:
    """A room exists while someone is in it."""

    def __init__(self, *, dave: bool, welcome_delay: float) -> None:
        self._dave = dave
        self._welcome_delay = welcome_delay
        self._rooms: dict[int, Room] = {}

    @property
    def welcome_delay(self) -> float:
        return self._welcome_delay

    @welcome_delay.setter
    def welcome_delay(self, seconds: float) -> None:
        self._welcome_delay = seconds
        for room in self._rooms.values():
            if room.group is not None:
                room.group.delay = seconds

    def of(self, connection: VoiceConnection) -> Room | None:
        """The room of the connection. None before SELECT_PROTOCOL and after its end."""
        room = self._rooms.get(connection.channel_id)
        if room is not None and room.clients.get(connection.user_id) is connection:
            return room
        return None

    def enter(self, connection: VoiceConnection) -> None:
        room = self._room(connection.guild_id, connection.channel_id)
        present = [str(user) for user in (*room.clients, *room.listeners)]
        if present:
            connection.inform(Op.CLIENTS_CONNECT, {"user_ids": present})
        self._announce(room, connection.user_id)
        room.clients[connection.user_id] = connection
        if room.group is not None:
            room.group.join(connection)

    def leave(self, connection: VoiceConnection) -> None:
        room = self.of(connection)
        if room is not None:
            del room.clients[connection.user_id]
            if room.group is not None:
                room.group.leave(connection)
            self._left(room, connection.user_id)

    def listen(self, guild_id: int, channel_id: int, user_id: int, *, record: bool) -> Recording:
        earlier = self.unlisten(guild_id, user_id)
        recording = Recording(user_id) if earlier is None else earlier
        room = self._room(guild_id, channel_id)
        offer = None if room.group is None else room.group.offer
        listener = Listener(user_id, channel_id, recording, offer, record=record)
        self._announce(room, user_id)
        room.listeners[user_id] = listener
        if room.group is not None:
            room.group.join(listener)
        return recording

    def unlisten(self, guild_id: int, user_id: int) -> Recording | None:
        """Returns the recording of the listener that left, or None if there was none."""
        for room in self._rooms.values():
            if room.guild_id == guild_id and user_id in room.listeners:
                listener = room.listeners.pop(user_id)
                if room.group is not None:
                    room.group.leave(listener)
                self._left(room, user_id)
                return listener.recording
        return None

    def close(self) -> None:
        for room in self._rooms.values():
            if room.group is not None:
                room.group.close()

    def _room(self, guild_id: int, channel_id: int) -> Room:
        room = self._rooms.get(channel_id)
        if room is None:
            group = Group(channel_id, self._welcome_delay) if self._dave else None
            room = self._rooms[channel_id] = Room(guild_id, channel_id, group)
        return room

    def _announce(self, room: Room, user_id: int) -> None:
        for client in room.clients.values():
            client.inform(Op.CLIENTS_CONNECT, {"user_ids": [str(user_id)]})

    def _left(self, room: Room, user_id: int) -> None:
        for client in room.clients.values():
            client.inform(Op.CLIENT_DISCONNECT, {"user_id": str(user_id)})
        if not room.clients and not room.listeners:
            if room.group is not None:
                room.group.close()
            del self._rooms[room.channel_id]
