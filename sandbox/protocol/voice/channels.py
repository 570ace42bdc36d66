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
class VoiceChannel:
    """`group` is None if channels are not end-to-end encrypted."""

    guild_id: int
    channel_id: int
    group: Group | None
    clients: dict[int, VoiceConnection] = field(default_factory=dict)
    listeners: dict[int, Listener] = field(default_factory=dict)


class VoiceChannels:
    """A channel exists while someone is in it."""

    def __init__(self, *, dave: bool, welcome_delay: float) -> None:
        self._dave = dave
        self.welcome_delay = welcome_delay
        self._channels: dict[int, VoiceChannel] = {}

    def delay_welcomes(self, seconds: float) -> None:
        self.welcome_delay = seconds
        for channel in self._channels.values():
            if channel.group is not None:
                channel.group.set_delay(seconds)

    def of(self, connection: VoiceConnection) -> VoiceChannel | None:
        """The channel of the connection. None before SELECT_PROTOCOL and after its end."""
        channel = self._channels.get(connection.channel_id)
        if channel is not None and channel.clients.get(connection.user_id) is connection:
            return channel
        return None

    def enter(self, connection: VoiceConnection) -> None:
        channel = self._channel(connection.guild_id, connection.channel_id)
        present = [str(user) for user in (*channel.clients, *channel.listeners)]
        if present:
            connection.inform(Op.CLIENTS_CONNECT, {"user_ids": present})
        self._announce(channel, connection.user_id)
        channel.clients[connection.user_id] = connection
        if channel.group is not None:
            channel.group.join(connection)

    def leave(self, connection: VoiceConnection) -> None:
        channel = self.of(connection)
        if channel is not None:
            del channel.clients[connection.user_id]
            if channel.group is not None:
                channel.group.leave(connection)
            self._left(channel, connection.user_id)

    def listen(self, guild_id: int, channel_id: int, user_id: int, *, record: bool) -> Recording:
        earlier = self.unlisten(guild_id, user_id)
        recording = Recording(user_id) if earlier is None else earlier
        channel = self._channel(guild_id, channel_id)
        offer = None if channel.group is None else channel.group.offer
        listener = Listener(user_id, channel_id, recording, offer, record=record)
        self._announce(channel, user_id)
        channel.listeners[user_id] = listener
        if channel.group is not None:
            channel.group.join(listener)
        return recording

    def unlisten(self, guild_id: int, user_id: int) -> Recording | None:
        """Returns the recording of the listener that left, or None if there was none."""
        for channel in self._channels.values():
            if channel.guild_id == guild_id and user_id in channel.listeners:
                listener = channel.listeners.pop(user_id)
                if channel.group is not None:
                    channel.group.leave(listener)
                self._left(channel, user_id)
                return listener.recording
        return None

    def close(self) -> None:
        for channel in self._channels.values():
            if channel.group is not None:
                channel.group.close()

    def _channel(self, guild_id: int, channel_id: int) -> VoiceChannel:
        channel = self._channels.get(channel_id)
        if channel is None:
            group = Group(channel_id, self.welcome_delay) if self._dave else None
            channel = self._channels[channel_id] = VoiceChannel(guild_id, channel_id, group)
        return channel

    def _announce(self, channel: VoiceChannel, user_id: int) -> None:
        for client in channel.clients.values():
            client.inform(Op.CLIENTS_CONNECT, {"user_ids": [str(user_id)]})

    def _left(self, channel: VoiceChannel, user_id: int) -> None:
        for client in channel.clients.values():
            client.inform(Op.CLIENT_DISCONNECT, {"user_id": str(user_id)})
        if not channel.clients and not channel.listeners:
            if channel.group is not None:
                channel.group.close()
            del self._channels[channel.channel_id]
