"""No form of a secret passes; everything else does; JSON stays JSON."""

import base64
import json
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from engine.base.redaction import HIDDEN, Redactor
from engine.base.settings import Settings, secrets_of

_RANDOM = random.Random(118)  # the same in every run, and in no file that is searched for tokens


def random_part(size: int) -> str:
    return base64.urlsafe_b64encode(_RANDOM.randbytes(size)).decode().rstrip("=")


BOT = f"MTE4NjU0MzIxMDk4NzY1NDMyMQ.GabcdE.{random_part(28)}"
TICKET = base64.urlsafe_b64encode(f"interaction:118:{random_part(60)}".encode()).decode()
#: What an operator may choose as a password of the engine server.
CHOSEN = 'pâss "word" \\ with\'all+that/is=in&it'

KNOWN = Redactor([BOT, CHOSEN])
UNTOLD = Redactor()


@pytest.mark.parametrize("secret", [BOT, CHOSEN])
@pytest.mark.parametrize(
    "form",
    [
        str,
        repr,
        lambda secret: repr(secret.encode()),
        json.dumps,
        lambda secret: json.dumps(json.dumps(secret)),
        lambda secret: json.dumps(secret, ensure_ascii=False),
        quote,
        lambda secret: quote(secret, safe=""),
        lambda secret: secret.encode().hex(),
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: base64.urlsafe_b64encode(f"user:{secret}".encode()).decode(),
        lambda secret: base64.b64encode(f"u:{secret}!!".encode()).decode(),
    ],
)
def test_known_secret_is_hidden_in_every_form(secret: str, form: Callable[[str], str]) -> None:
    written = form(secret)
    told = KNOWN.redact(f"before {written} after")
    assert HIDDEN in told
    assert told.startswith("before ")
    assert told.endswith(" after")
    # No ten characters of it are left.
    assert not [at for at in range(len(written) - 10) if written[at : at + 10] in told]


@pytest.mark.parametrize(
    "line",
    [
        "Bot {}",
        "{}",
        "Authorization: Bot {}",
        "authorization:{}",
        "<CIMultiDict('Host': 'x', 'Authorization': 'Bot {}', 'User-Agent': 'y')>",
        "[(b'host', b'x'), (b'authorization', b'Bot {}')]",
        "{{'headers': {{'Authorization': 'Bot {}'}}}}",
        r"b'GET / HTTP/1.1\r\nAuthorization: Bearer {}\r\nHost: x\r\n'",
        '{{"op": 2, "d": {{"token": "{}", "intents": 1}}}}',
        r"{{\"op\": 2, \"d\": {{\"token\": \"{}\"}}}}",
        "environ({{'DISCORD_TOKEN': '{}', 'HOME': '/root'}})",
        "DISCORD_TOKEN={}",
        "https://proxy.example/api?x=1&key={}",
    ],
)
@pytest.mark.parametrize("token", [BOT, "no.wellknown-form"])
def test_token_is_known_by_its_form_or_its_place(line: str, token: str) -> None:
    told = UNTOLD.redact(line.format(token))
    if token is BOT or line not in ("Bot {}", "{}"):
        assert token not in told
        assert token.split(".")[-1] not in told


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "POST https://discord.com/api/v10/interactions/118/abc/callback?with_response=true",
            f"POST https://discord.com/api/v10/interactions/118/{HIDDEN}/callback"
            "?with_response=true",
        ),
        ("/webhooks/118/abc/messages/@original", f"/webhooks/118/{HIDDEN}/messages/@original"),
        ("to=%2Fwebhooks%2F118%2Fabc%2Fmessages", f"to=%2Fwebhooks%2F118%2F{HIDDEN}%2Fmessages"),
        (
            "We are being rate limited. PATCH https://discord.com/api/v10/webhooks/1/abc responded "
            "with 429. Retrying in 0.30 seconds.",
            f"We are being rate limited. PATCH https://discord.com/api/v10/webhooks/1/{HIDDEN} "
            "responded with 429. Retrying in 0.30 seconds.",
        ),
        (f"token of {TICKET.rstrip('=')}, late", f"token of {HIDDEN}, late"),
        (
            "https://cdn.discordapp.com/attachments/1/2/a.ogg?ex=6&is=5&hm=0abc&",
            f"https://cdn.discordapp.com/attachments/1/2/a.ogg?ex=6&is=5&hm={HIDDEN}&",
        ),
        ("http://me:sesame@proxy:8080/api", f"http://me:{HIDDEN}@proxy:8080/api"),
        ("'Cookie': 'a=\"b c\"; d=e', 'x': 1", f"'Cookie': '{HIDDEN}', 'x': 1"),
        ("Set-Cookie: a=b; Path=/", f"Set-Cookie: {HIDDEN}"),
        ('"X-Api-Key": "abc"', f'"X-Api-Key": "{HIDDEN}"'),
        ("X-Engine-Auth: abc", f"X-Engine-Auth: {HIDDEN}"),
        (
            "{'op': 4, 'd': {'mode': 'aead', 'secret_key': [1, 255, 3]}}",
            f"{{'op': 4, 'd': {{'mode': 'aead', 'secret_key': [{HIDDEN}]}}}}",
        ),
        (
            '{"server_id": "1", "session_id": "0a1b", "token": "66d29164ca9b"}',
            f'{{"server_id": "1", "session_id": "{HIDDEN}", "token": "{HIDDEN}"}}',
        ),
        (
            "Shard ID None has connected to Gateway (Session ID: 0123456789abcdef).",
            f"Shard ID None has connected to Gateway (Session ID: {HIDDEN}).",
        ),
        ("Ticket(interaction_id=1, token='abc')", f"Ticket(interaction_id=1, token='{HIDDEN}')"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4", HIDDEN),
    ],
)
def test_what_carries_a_credential_loses_it_alone(line: str, told: str) -> None:
    assert UNTOLD.redact(line) == told
    assert UNTOLD.redact(told) == told  # twice is once


@pytest.mark.parametrize(
    "line",
    [
        "There is no token. Put DISCORD_TOKEN=… into the environment or .env.",
        "FAULT token: none",
        "FAULT token: refused",
        "ok    token: of mynah; intents: none privileged, none needed",
        "2026-01-01T00:00:00Z [info     ] found Discord   [bot.discord_io.gateway] "
        "api=https://discord.com/api/v10 gateway=wss://gateway.discord.gg",
        "ClientConnectorError (ECONNREFUSED: Connection refused, at 127.0.0.1:9)",
        f"Frozen: {'0a' * 32}. No voice has it.",
        "Invite the bot to a server: https://discord.com/oauth2/authorize?client_id=1&scope="
        "bot+applications.commands&permissions=3146752",
        '  File "/opt/mynah/.venv/site-packages/aiohttp/client.py", line 900, in _request',
    ],
)
def test_what_is_no_secret_is_left_as_it_is(line: str) -> None:
    assert KNOWN.redact(line) == line


def test_a_secret_of_three_characters_is_not_one() -> None:
    assert Redactor(["abc", ""]).redact("abc") == "abc"


@given(
    st.dictionaries(
        st.sampled_from(["event", "token", "Authorization", "exception", "session_id"]),
        st.text() | st.sampled_from([BOT, CHOSEN, f"'Authorization': 'Bot {BOT}'", '"token": "'])
        | st.builds(json.dumps, st.dictionaries(st.sampled_from(["token", "x"]), st.text())),
    )
)  # fmt: skip
def test_a_line_of_json_stays_json(line: dict[str, Any]) -> None:
    told = KNOWN.redact(json.dumps(line))
    assert json.loads(told).keys() == line.keys()
    assert BOT not in told


HOSTILE = (
    *(
        "a",
        "a-",
        "x-",
        "a.b.",
        " ",
        "\\",
        "'",
        "token",
        "token='",
        "authorization: ",
        "eyJ",
        "bot ",
    ),
    *("a" * 20 + ".", "Authorization: '", "://a:", "webhooks/1/", "?key=", "session ", "token: "),
    *("token" + "\\" * 8 + '"', "token=" + "\\" * 8 + '"', "aW50ZXJhY3Rpb246", "secret_key: [1,"),
)
#: Only their ends repeat.
HEADS = {
    "token": " ",
    "token:": " ",
    "token='": "\\",
    "webhooks/": "1",
    "://": "a:",
    '("token"': ',"',
}


def test_time_is_linear_whoever_wrote_the_text() -> None:
    """200 kB of each. In quadratic time, one of them takes many minutes."""
    texts = [("", each) for each in HOSTILE] + list(HEADS.items())
    code = (
        "from engine.base.redaction import Redactor\n"
        f"for head, part in {texts!r}:\n"
        "    Redactor(['a.secret.of-some-length']).redact(head + part * (200_000 // len(part)))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_every_secret_setting_is_hidden_in_the_log() -> None:
    """Also of later versions: by their type, not by their names."""

    class Later(Settings):
        mynah_later_secret: SecretStr | None = None

    given = {
        "discord_token": " abc.def ",
        "mynah_engine_token": "sesame-open-yourself",
        "mynah_later_secret": "another",
    }
    settings = Later.model_validate(given)
    assert sorted(secrets_of(settings)) == ["abc.def", "another", "sesame-open-yourself"]
