"""A voice client that does what a test tells it, message by message, and nothing by itself."""

import asyncio
import json
import ssl
import struct
from typing import Any, cast

import aiohttp
import nacl.bindings

from sandbox.protocol.voice import VoiceServer
from sandbox.protocol.voice.wire import Op

GUILD, CHANNEL, USER, SESSION = 100, 201, 900, "a session"
MODE = "aead_xchacha20_poly1305_rtpsize"


def admit(voice: VoiceServer, **changes: Any) -> str:
    """A token for the script's user."""
    known: dict[str, Any] = {
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "user_id": USER,
        "session_id": SESSION,
    }
    return voice.admit(**(known | changes))


class Script:
    """`async with Script(voice) as client:` opens a websocket; the rest is up to the test."""

    def __init__(self, voice: VoiceServer, endpoint: str | None = None) -> None:
        self.voice = voice
        self._endpoint = endpoint or voice.endpoint
        self._sequence = 0
        self.key = b""
        self.ssrc = 0
        self.udp: asyncio.DatagramTransport | None = None
        self.datagrams: asyncio.Queue[bytes] = asyncio.Queue()
        self.udp_errors: asyncio.Queue[Exception] = asyncio.Queue()

    async def __aenter__(self) -> "Script":
        trust = ssl.create_default_context(cafile=str(self.voice.certificate))
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust))
        self.websocket = await self._http.ws_connect(f"wss://{self._endpoint}/?v=8")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.udp is not None:
            self.udp.close()
        await self.websocket.close()
        await self._http.close()

    async def say(self, op: int, data: Any) -> None:
        await self.websocket.send_json({"op": op, "d": data})

    async def hear(self) -> tuple[int, Any, int | None]:
        """The next message: opcode, data, number. Binary data are bytes."""
        message = await asyncio.wait_for(self.websocket.receive(), 5)
        if message.type is aiohttp.WSMsgType.BINARY:
            seq, op = struct.unpack_from(">HB", message.data)
            return op, message.data[3:], seq
        assert message.type is aiohttp.WSMsgType.TEXT, message
        parsed = json.loads(message.data)
        return parsed["op"], parsed["d"], parsed.get("seq")

    async def expect(self, op: int) -> Any:
        """The data of the next message with this opcode; skips others."""
        while True:
            heard, data, _ = await self.hear()
            if heard == op:
                return data

    async def closed(self) -> int | None:
        """The code with which the server closes the websocket; skips messages."""
        async with asyncio.timeout(5):
            while not self.websocket.closed:
                await self.websocket.receive()
        return self.websocket.close_code

    async def identify(self, admission: str, **changes: Any) -> None:
        known = {
            "server_id": str(GUILD),
            "user_id": str(USER),
            "session_id": SESSION,
            "token": admission,
            "max_dave_protocol_version": 1,
        }
        await self.say(Op.IDENTIFY, known | changes)

    async def resume(self, token: str, seq: int, session: str = SESSION) -> None:
        data = {"server_id": str(GUILD), "session_id": session, "token": token, "seq_ack": seq}
        await self.say(Op.RESUME, data)

    async def connect(self, token: str) -> dict[str, Any]:
        """Identify, up to the secret key; returns the session description."""
        await self.identify(token)
        ready = await self.expect(Op.READY)
        self.ssrc = ready["ssrc"]
        await self.open_udp(ready["port"])
        self.send(struct.pack(">HHI66x", 1, 70, self.ssrc))
        reply = await asyncio.wait_for(self.datagrams.get(), 5)
        address, port = reply[8:72].rstrip(b"\0").decode(), int.from_bytes(reply[72:], "big")
        data = {"address": address, "port": port, "mode": MODE}
        await self.say(Op.SELECT_PROTOCOL, {"protocol": "udp", "data": data})
        description = cast("dict[str, Any]", await self.expect(Op.SESSION_DESCRIPTION))
        self.key = bytes(description["secret_key"])
        return description

    async def open_udp(self, port: int) -> None:
        script = self

        class Protocol(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                script.datagrams.put_nowait(data)

            def error_received(self, exc: Exception) -> None:
                script.udp_errors.put_nowait(exc)

        loop = asyncio.get_running_loop()
        self.udp, _ = await loop.create_datagram_endpoint(Protocol, remote_addr=("127.0.0.1", port))

    def send(self, datagram: bytes) -> None:
        assert self.udp is not None
        self.udp.sendto(datagram)

    def speak(self, payload: bytes, *, extension: bytes = b"", key: bytes | None = None) -> None:
        """One RTP packet; `extension` is a multiple of 4 bytes long."""
        self._sequence += 1
        header = struct.pack(">BBHII", 0x80, 0x78, self._sequence, self._sequence * 960, self.ssrc)
        if extension:
            head = struct.pack(">HH", 0xBEDE, len(extension) // 4)
            header = bytes([0x90]) + header[1:] + head
        nonce = self._sequence.to_bytes(4, "big")
        sealed = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
            extension + payload, header, nonce + bytes(20), key or self.key
        )
        self.send(header + sealed + nonce)
