"""The voice gateway and UDP, message by message: what Discord answers, and what it refuses."""

import asyncio
import json
import os
import ssl
import struct
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.protocol.voice import VoiceServer
from sandbox.protocol.voice.wire import Op
from tests.sandbox.voice_script import CHANNEL, GUILD, MODE, SESSION, USER, Script, admit

ANNE = 11
SPEECH = b"\xfc" + bytes(range(40))


@pytest.fixture
async def voice() -> AsyncIterator[VoiceServer]:
    """A server without end-to-end encryption: these tests are about the layers below it."""
    async with VoiceServer(dave=False) as server:
        yield server


@pytest.fixture
async def client(voice: VoiceServer) -> AsyncIterator[Script]:
    async with Script(voice) as script:
        yield script


async def test_the_certificate_satisfies_the_strictest_verification(voice: VoiceServer) -> None:
    """Python 3.13 verifies strictly by default; earlier ones must accept it too."""
    trust = ssl.create_default_context(cafile=str(voice.certificate))
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    host, port = voice.endpoint.split(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=trust)
    writer.close()
    await writer.wait_closed()


async def test_a_process_trusts_the_certificate_by_its_environment(voice: VoiceServer) -> None:
    """`SSL_CERT_FILE` is all that a client in another process needs."""
    program = (
        "import aiohttp, asyncio, sys\n"
        "async def main():\n"
        "    async with aiohttp.ClientSession() as http, http.ws_connect(sys.argv[1]) as ws:\n"
        "        print((await ws.receive_json())['op'])\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        f"wss://{voice.endpoint}/?v=8",
        env=os.environ | {"SSL_CERT_FILE": str(voice.certificate)},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert int(output) == Op.HELLO


async def test_a_client_without_the_certificate_refuses_to_connect(voice: VoiceServer) -> None:
    """Encryption is real: an untrusted certificate is an error."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.ws_connect(f"wss://{voice.endpoint}/?v=8")


async def test_hello_comes_first_and_heartbeats_are_answered(client: Script) -> None:
    """A heartbeat's time comes back, before and after identifying."""
    op, data, seq = await client.hear()
    assert (op, data["v"], seq) == (Op.HELLO, 8, None)
    await client.identify(admit(client.voice))
    await client.expect(Op.READY)
    await client.say(Op.HEARTBEAT, {"t": 1234, "seq_ack": -1})
    assert await client.expect(Op.HEARTBEAT_ACK) == {"t": 1234}


async def test_discovery_tells_a_client_its_own_address(client: Script) -> None:
    """The 74-byte reply names the address that the request came from."""
    await client.identify(admit(client.voice))
    ready = await client.expect(Op.READY)
    await client.open_udp(ready["port"])
    client.send(struct.pack(">HHI66x", 1, 70, ready["ssrc"]))
    reply = await asyncio.wait_for(client.datagrams.get(), 5)
    assert client.udp is not None
    host, port = client.udp.get_extra_info("sockname")
    assert len(reply) == 74
    assert struct.unpack_from(">HHI", reply) == (2, 70, ready["ssrc"])
    assert reply[8:].startswith(host.encode() + b"\0")
    assert struct.unpack_from(">H", reply, 72) == (port,)


async def test_keep_alives_are_echoed(client: Script) -> None:
    """Eight bytes from a known address come back unchanged."""
    await client.connect(admit(client.voice))
    client.send(b"12345678")
    assert await asyncio.wait_for(client.datagrams.get(), 5) == b"12345678"


async def test_the_session_description_names_the_protocol_version(voice: VoiceServer) -> None:
    """0 where channels are not end-to-end encrypted, 1 where they are."""
    async with Script(voice) as client:
        description = await client.connect(admit(voice))
    assert (description["mode"], description["dave_protocol_version"]) == (MODE, 0)
    async with VoiceServer() as encrypted, Script(encrypted) as client:
        description = await client.connect(admit(encrypted))
    assert description["dave_protocol_version"] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"session_id": "another"}, 4006),
        ({"user_id": "1"}, 4006),
        ({"server_id": "words"}, 4002),
    ],
)
async def test_identifying_wrongly_is_refused(
    client: Script, changes: dict[str, Any], code: int
) -> None:
    """Each fault in IDENTIFY has its close code."""
    await client.identify(admit(client.voice), **changes)
    assert await client.closed() == code


async def test_a_client_without_end_to_end_encryption_is_refused() -> None:
    """Where channels are encrypted, protocol version 0 gets 4017."""
    async with VoiceServer() as voice, Script(voice) as client:
        await client.identify(admit(voice), max_dave_protocol_version=0)
        assert await client.closed() == 4017


async def test_messages_out_of_order_or_out_of_the_protocol_are_refused(
    voice: VoiceServer,
) -> None:
    """Discord's close codes for what a client must not send."""

    async def code(*messages: str | bytes, identified: bool = True) -> int | None:
        async with Script(voice) as client:
            if identified:
                await client.identify(admit(voice))
            for message in messages:
                if isinstance(message, bytes):
                    await client.websocket.send_bytes(message)
                else:
                    await client.websocket.send_str(message)
            return await client.closed()

    def select(protocol: str, mode: str) -> str:
        data = {"protocol": protocol, "data": {"address": "", "port": 1, "mode": mode}}
        return json.dumps({"op": Op.SELECT_PROTOCOL, "d": data})

    assert await code(json.dumps({"op": Op.SPEAKING, "d": {}}), identified=False) == 4003
    assert await code("not json") == 4002
    assert await code(json.dumps({"op": Op.SPEAKING, "d": None})) == 4002
    assert await code(json.dumps({"op": 99, "d": None})) == 4001
    assert await code(json.dumps({"op": Op.IDENTIFY, "d": {}})) == 4005
    assert await code(select("tcp", MODE)) == 4012
    assert await code(select("udp", "xsalsa20_poly1305")) == 4016
    assert await code(b"\x1a") == 4020


async def test_an_admission_replaces_the_one_before(client: Script) -> None:
    """Only the newest token works."""
    old = admit(client.voice)
    admit(client.voice)
    await client.identify(old)
    assert await client.closed() == 4004


async def test_sound_is_passed_on_without_its_transport_encryption(client: Script) -> None:
    """Header extensions included: what a member gets is the bare payload."""
    anne = await client.voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=ANNE)
    await client.connect(admit(client.voice))
    client.speak(SPEECH)
    client.speak(SPEECH, extension=b"12345678")
    await anne.wait_for(lambda heard: len(heard.frames) == 2, 5)
    assert anne.packets() == [SPEECH, SPEECH]
    assert [(f.sequence, f.timestamp, f.speaker) for f in anne.frames] == [
        (1, 960, USER),
        (2, 1920, USER),
    ]


async def test_sound_under_a_wrong_transport_key_is_heard_by_nobody(client: Script) -> None:
    """Such packets are counted on the connection."""
    anne = await client.voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=ANNE)
    await client.connect(admit(client.voice))
    client.speak(SPEECH, key=bytes(32))
    client.speak(SPEECH)
    await anne.wait_for(lambda heard: bool(heard.frames), 5)
    connection = client.voice.connection(GUILD)
    assert connection is not None
    assert (connection.frames, connection.undecipherable, len(anne.frames)) == (2, 1, 1)


async def test_a_muted_speaker_is_heard_by_nobody(client: Script) -> None:
    """A mute by the server stops sound until it is lifted, across connections."""
    voice = client.voice
    anne = await voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=ANNE)
    voice.mute(guild_id=GUILD, user_id=USER, on=True)
    await client.connect(admit(voice))
    client.speak(b"muted")
    connection = await voice.until_connected(GUILD, 5)
    await voice.wait_for(lambda _: connection.frames == 1, 5)
    voice.mute(guild_id=GUILD, user_id=USER, on=False)
    client.speak(b"heard")
    await anne.wait_for(lambda heard: bool(heard.frames), 5)
    assert anne.packets() == [b"heard"]


async def test_the_connection_shows_what_its_client_did(client: Script) -> None:
    """Speaking flags and heartbeats are kept with their times."""
    await client.connect(admit(client.voice))
    await client.say(Op.SPEAKING, {"speaking": 1, "delay": 0, "ssrc": client.ssrc})
    await client.say(Op.SPEAKING, {"speaking": 0, "delay": 0, "ssrc": client.ssrc})
    connection = await client.voice.until_connected(GUILD, 5)
    await client.voice.wait_for(lambda _: len(connection.speaking) == 2, 5)
    assert [flags for _, flags in connection.speaking] == [1, 0]
    assert connection.ssrc == client.ssrc
    assert connection.endpoint == client.voice.endpoint


async def test_members_learn_who_comes_and_goes(client: Script) -> None:
    """The newcomer learns who is present; they learn of joins and leaves."""
    voice = client.voice
    await voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=ANNE)
    await client.connect(admit(voice))
    assert await client.expect(Op.CLIENTS_CONNECT) == {"user_ids": [str(ANNE)]}
    await voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=12)
    assert await client.expect(Op.CLIENTS_CONNECT) == {"user_ids": ["12"]}
    await voice.unlisten(guild_id=GUILD, user_id=12)
    assert await client.expect(Op.CLIENT_DISCONNECT) == {"user_id": "12"}


async def test_a_resumed_session_gets_what_it_has_missed(voice: VoiceServer) -> None:
    """Numbered messages after the acknowledged one come again, then RESUMED; sound goes on."""
    anne = await voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=ANNE)
    token = admit(voice)
    async with Script(voice) as first, Script(voice) as second:
        await first.connect(token)
        op, _, number = await first.hear()
        assert (op, number) == (Op.CLIENTS_CONNECT, 0)
        await voice.close_connection(GUILD, 4015)
        assert await first.closed() == 4015
        await voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=12)
        await second.resume(token, 0)
        assert (await second.hear())[0] == Op.HELLO
        assert await second.hear() == (Op.CLIENTS_CONNECT, {"user_ids": ["12"]}, 1)
        assert await second.hear() == (Op.RESUMED, None, None)
        first.speak(SPEECH)
        await anne.wait_for(lambda heard: bool(heard.frames), 5)
    connection = voice.history[0]
    assert len(voice.history) == 1
    assert len(connection.resumed_at) == 1


async def test_a_session_that_cannot_be_resumed_is_refused(voice: VoiceServer) -> None:
    """After 4006 and 4014 from the server, after a client's own leave, or when forgotten."""
    for end in (4006, 4014, 1000, "forget"):
        token = admit(voice)
        async with Script(voice) as first:
            await first.connect(token)
            connection = await voice.until_connected(GUILD, 5)
            if end == "forget":
                voice.forget_session(GUILD, 4009)
            elif end == 1000:
                await first.websocket.close(code=1000)
                await voice.wait_for(lambda _, it=connection: it.over, 5)  # type: ignore[misc]
            else:
                assert isinstance(end, int)
                await voice.close_connection(GUILD, end)
        async with Script(voice) as second:
            await second.resume(token, -1)
            assert await second.closed() == (4009 if end == "forget" else 4006)


async def test_after_4006_the_old_token_does_not_identify_either(voice: VoiceServer) -> None:
    """The session is invalid until the main gateway admits the client again."""
    token = admit(voice)
    async with Script(voice) as first:
        await first.connect(token)
        await voice.close_connection(GUILD, 4006)
        assert await first.closed() == 4006
    async with Script(voice) as second:
        await second.identify(token)
        assert await second.closed() == 4006


async def test_a_dropped_tcp_connection_can_be_resumed(voice: VoiceServer) -> None:
    """The client sees 1006, no close frame; its session waits."""
    token = admit(voice)
    async with Script(voice) as first:
        await first.connect(token)
        await voice.close_connection(GUILD, None)
        assert await first.closed() == 1006
    async with Script(voice) as second:
        await second.resume(token, -1)
        await second.expect(Op.RESUMED)


async def test_refusals_come_as_often_as_they_were_ordered(voice: VoiceServer) -> None:
    """Five closes in a row, then the server accepts again."""
    voice.refuse_identify(GUILD, 4006, 5)
    for _ in range(5):
        async with Script(voice) as client:
            await client.identify(admit(voice))
            assert await client.closed() == 4006
    async with Script(voice) as client:
        await client.identify(admit(voice))
        await client.expect(Op.READY)


async def test_refusals_without_a_number_last_until_they_are_lifted(voice: VoiceServer) -> None:
    """Like a voice server that is broken for a while."""
    voice.refuse_identify(GUILD, 4006, None)
    for _ in range(3):
        async with Script(voice) as client:
            await client.identify(admit(voice))
            assert await client.closed() == 4006
    voice.accept_identify(GUILD)
    async with Script(voice) as client:
        await client.identify(admit(voice))
        await client.expect(Op.READY)


async def test_a_frozen_connection_answers_nothing_until_it_thaws(client: Script) -> None:
    """TCP stays open; what was sent meanwhile is answered afterwards. A new connection is not
    frozen."""
    voice = client.voice
    await client.connect(admit(voice))
    voice.freeze(GUILD)
    await client.say(Op.HEARTBEAT, {"t": 1, "seq_ack": -1})
    async with Script(voice) as other:
        await other.say(Op.HEARTBEAT, {"t": 2, "seq_ack": -1})
        await other.identify(admit(voice, guild_id=555), server_id="555")
        await other.expect(Op.READY)
    connection = voice.connection(GUILD)
    assert connection is not None
    assert connection.heartbeats == []
    voice.thaw(GUILD)
    assert await client.expect(Op.HEARTBEAT_ACK) == {"t": 1}


async def test_dropped_datagrams_vanish_both_ways_until_they_are_let_through(
    client: Script,
) -> None:
    """Neither sound nor a keep-alive gets through, and the client sees no error."""
    voice = client.voice
    anne = await voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=ANNE)
    await client.connect(admit(voice))
    voice.drop_udp(GUILD, True)
    client.speak(b"lost")
    client.send(b"12345678")
    async with Script(voice) as other:  # whose datagrams come after those
        await other.identify(admit(voice, guild_id=555), server_id="555")
        await other.open_udp((ready := await other.expect(Op.READY))["port"])
        other.send(struct.pack(">HHI66x", 1, 70, ready["ssrc"]))
        await asyncio.wait_for(other.datagrams.get(), 5)
    voice.drop_udp(GUILD, False)
    client.speak(b"heard")
    await anne.wait_for(lambda heard: bool(heard.frames), 5)
    assert anne.packets() == [b"heard"]
    assert client.datagrams.empty()
    assert client.udp_errors.empty()


async def test_a_closed_udp_port_is_reported_to_its_senders(client: Script) -> None:
    """A connected socket gets ECONNREFUSED; a new connection gets a port that works."""
    voice = client.voice
    await client.connect(admit(voice))
    await voice.close_udp()
    client.speak(SPEECH)
    error = await asyncio.wait_for(client.udp_errors.get(), 5)
    assert isinstance(error, ConnectionRefusedError)
    async with Script(voice) as again:
        await again.connect(admit(voice))


async def test_the_other_server_serves_the_same_sessions(voice: VoiceServer) -> None:
    """A client that is sent there identifies itself with its new token and is heard."""
    anne = await voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=ANNE)
    endpoint = await voice.other_server()
    assert endpoint != voice.endpoint
    async with Script(voice) as here:
        await here.connect(admit(voice))
        async with Script(voice, endpoint) as there:
            await there.connect(admit(voice))
            there.speak(SPEECH)
            await anne.wait_for(lambda heard: bool(heard.frames), 5)
            here.speak(b"from the old server")
            there.speak(SPEECH)
            await anne.wait_for(lambda heard: len(heard.frames) == 2, 5)
    assert anne.packets() == [SPEECH, SPEECH]
    assert [each.endpoint for each in voice.history] == [voice.endpoint, endpoint]


async def test_an_expelled_user_is_closed_and_must_be_admitted_anew(client: Script) -> None:
    """4014, and its old session and token work for neither resuming nor identifying."""
    voice = client.voice
    token = admit(voice)
    await client.connect(token)
    await voice.expel(guild_id=GUILD, user_id=USER)
    assert await client.closed() == 4014
    async with Script(voice) as again:
        await again.identify(token)
        assert await again.closed() == 4006
    assert voice.connections == []


async def test_a_user_who_left_may_close_its_own_connection(client: Script) -> None:
    """Expelled without a code, as after a leave of its own: it is out, and gets no message."""
    voice = client.voice
    await client.connect(admit(voice))
    await voice.expel(guild_id=GUILD, user_id=USER, code=None)
    assert voice.connections == []
    await client.say(Op.SPEAKING, {"speaking": 0, "delay": 0, "ssrc": client.ssrc})
    await client.say(Op.HEARTBEAT, {"t": 5, "seq_ack": -1})
    assert await client.expect(Op.HEARTBEAT_ACK) == {"t": 5}


async def test_measuring_keeps_arrivals_and_decrypts_nothing() -> None:
    """`measure_only` times each packet on its connection; no member hears it."""
    async with VoiceServer(dave=False, measure_only=True) as voice, Script(voice) as client:
        anne = await voice.listen(guild_id=GUILD, channel_id=CHANNEL, user_id=ANNE)
        await client.connect(admit(voice))
        connection = await voice.until_connected(GUILD, 5)
        for _ in range(3):
            client.speak(SPEECH)
        await voice.wait_for(lambda _: connection.frames == 3, 5)
    assert list(connection.arrivals) == sorted(connection.arrivals)
    assert anne.frames == []
    assert SESSION in repr(connection.admission)
