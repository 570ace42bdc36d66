"""Access to an engine server: it judges any head of a request, and never fails on one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tts.server.access import UNAUTHORIZED, UNKNOWN_HOST, Access, host_name
from engine.tts.server.admission import LOG_PAUSE, LogLimit
from mynah.testing.clocks import ManualClock

TOKEN = b"correct-horse-battery-staple"

header = st.tuples(
    st.sampled_from([b"host", b"origin", b"content-type", b"authorization", b"sec-fetch-site"]),
    st.binary(max_size=40),
)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("gpu-machine:8765", "gpu-machine"),
        ("GPU-Machine.", "gpu-machine"),
        ("[2001:DB8::1]:80", "2001:db8::1"),
        ("[::1]", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("a:b", ""),
        ("a:80:80", ""),
        ("[::1", ""),
        ("127.0.0.1:80 evil.example", ""),
        (":80", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


@given(st.sampled_from(["GET", "POST", "DELETE", "BREW"]), st.lists(header, max_size=6))
def test_no_head_without_the_token_gets_in(method: str, headers: list[tuple[bytes, bytes]]) -> None:
    assert Access(token=TOKEN).refusal(method, headers) == UNAUTHORIZED


@given(st.sampled_from(["GET", "POST", "DELETE"]), st.lists(header, max_size=6))
def test_a_request_with_two_hosts_or_none_is_refused(
    method: str, headers: list[tuple[bytes, bytes]]
) -> None:
    others = [each for each in headers if each[0] != b"host"]
    local = (b"host", b"localhost")
    assert Access().refusal(method, others) == UNKNOWN_HOST
    assert Access().refusal(method, [local, *others, local]) == UNKNOWN_HOST


def test_the_token_shows_in_no_representation() -> None:
    assert TOKEN.decode() not in repr(Access(token=TOKEN))


async def test_the_same_is_logged_once_in_a_while() -> None:
    clock = ManualClock()
    limit = LogLimit(clock)
    assert [limit.allows("a"), limit.allows("a"), limit.allows("b")] == [True, False, True]
    await clock.advance(LOG_PAUSE)
    assert [limit.allows("a"), limit.allows("a")] == [True, False]
