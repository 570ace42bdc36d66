"""Data between the bot and an engine server arrives unchanged; an error names what is wrong with a
body."""

import base64
import hashlib
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.locales.catalog import error_label, error_text, text
from engine.model.engine import BuiltinVoice, EngineInfo, StyleOption, SynthesisRequest
from engine.model.errors import (
    EngineError,
    EngineUnavailable,
    Failure,
    OutOfMemory,
    SynthesisFailed,
    VoiceMissing,
)
from engine.tts.protocol import (
    MOST_CHARACTERS,
    MOST_PLAIN_BODY,
    MOST_RECORDING,
    Broken,
    Busy,
    Health,
    Invalid,
    SynthesizeCommand,
    describe_error,
    error_from,
)

INFO = EngineInfo(
    name="an engine",
    version="1",
    voices=(BuiltinVoice(id="a", name="A", language="en-US"),),
    default_voice="a",
    languages=("en-US",),
    least_characters=1,
    most_characters=200,
    slots=1,
    clones=False,
    styles=(StyleOption(name="speed", kind="number", least=0.5, most=2, default=1),),
)


def over_the_wire(data: object) -> Any:
    return json.loads(json.dumps(data))


commands = st.builds(
    SynthesizeCommand,
    id=st.text(max_size=50),
    request=st.builds(
        SynthesisRequest,
        text=st.text(min_size=1, max_size=300),
        voice=st.text(max_size=50),
        context=st.none() | st.text(min_size=1, max_size=300),
        style=st.dictionaries(
            st.text(max_size=10), st.booleans() | st.floats(0, 1) | st.text(max_size=5), max_size=5
        ),
        seed=st.integers(-(2**63), 2**63 - 1),
    ),
    deadline_in=st.floats(allow_nan=False, allow_infinity=False),
    format=st.sampled_from(["ogg", "wav"]),
)


def test_a_newer_hosts_info_is_understood_as_far_as_it_goes() -> None:
    newer = {**over_the_wire(INFO.to_json()), "sings": True}
    assert EngineInfo.from_json(newer) == INFO


@given(commands)
def test_a_command_survives_the_wire(command: SynthesizeCommand) -> None:
    assert SynthesizeCommand.from_json(over_the_wire(command.to_json())) == command


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ([], "JSON object"),
        ({}, "text is missing"),
        ({"text": 5}, "text must be a string"),
        ({"text": ""}, "text is missing"),
        ({"text": "x" * (MOST_CHARACTERS + 1)}, "longer than"),
        ({"text": "a", "txet": "b"}, "unknown: txet"),
        ({"text": "a", "deadline_in": "soon"}, "deadline_in"),
        ({"text": "a", "deadline_in": True}, "deadline_in"),
        ({"text": "a", "deadline_in": float("nan")}, "deadline_in"),
        ({"text": "a", "format": "mp3"}, "ogg or wav"),
        ({"text": "a", "seed": 2**64}, "seed"),
        ({"text": "a", "seed": 1.5}, "seed"),
        ({"text": "a", "style": []}, "style"),
        ({"text": "a", "style": {"x": {}}}, "style 'x'"),
        ({"text": "a", "style": {str(n): 1 for n in range(100)}}, "at most"),
        ({"text": "a", "voice": ["b"]}, "voice must be a string"),
        ({"text": "a", "reference": "abc"}, "SHA-256"),
        ({"text": "a", "reference": "A" * 64}, "SHA-256"),
        ({"text": "a", "recording": "AAAA"}, "has no reference"),
        ({"text": "a", "reference": "0" * 64, "recording": "AAAA"}, "not the one"),
        ({"text": "a", "reference": "0" * 64, "recording": "ä"}, "base64"),
        ({"text": "a", "reference": "0" * 64, "recording": "A"}, "base64"),
        ({"text": "a", "reference": "0" * 64, "recording": ["A"]}, "base64"),
    ],
)
def test_another_body_is_refused_with_what_is_wrong(body: object, fault: str) -> None:
    with pytest.raises(Invalid, match=fault):
        SynthesizeCommand.from_json(body)


def with_recording(recording: bytes) -> SynthesizeCommand:
    reference = hashlib.sha256(recording).hexdigest()
    request = SynthesisRequest(text="a", voice="@12", reference=reference)
    return SynthesizeCommand(id="1", request=request, recording=recording)


@given(commands | st.builds(with_recording, st.binary(max_size=1000)))
def test_a_command_survives_the_wire_as_a_body(command: SynthesizeCommand) -> None:
    assert SynthesizeCommand.from_body(command.to_body()) == command


def test_a_recording_may_be_as_large_as_two_mebibytes_and_no_larger() -> None:
    assert (
        SynthesizeCommand.from_body(with_recording(bytes(MOST_RECORDING)).to_body()).recording
        is not None
    )
    with pytest.raises(Invalid, match="larger"):
        SynthesizeCommand.from_body(with_recording(bytes(MOST_RECORDING + 1)).to_body())
    with pytest.raises(Invalid, match="larger"):
        SynthesizeCommand.from_body(with_recording(bytes(2 * MOST_RECORDING)).to_body())


@pytest.mark.parametrize("recording", [None, base64.b64encode(b"").decode()])
def test_a_recording_makes_no_room_for_anything_else(recording: str | None) -> None:
    reference = hashlib.sha256(b"").hexdigest()
    body = {"text": "a", "reference": reference, "style": {"x": "y" * MOST_PLAIN_BODY}}
    if recording is not None:
        body["recording"] = recording
    with pytest.raises(Invalid, match=f"larger than {MOST_PLAIN_BODY}"):
        SynthesizeCommand.from_body(json.dumps(body).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 50_000, b"9" * 5000, b"null"])
def test_a_body_that_is_not_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        SynthesizeCommand.from_body(body)


def any_json(*names: str) -> st.SearchStrategy[object]:
    """JSON values, with these names in its objects."""
    return st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner, max_size=4)
        ),
        max_leaves=8,
    )


@given(any_json("text", "voice", "style", "seed", "deadline_in", "format", "id", "x"))
def test_any_json_is_a_command_or_is_refused(body: object) -> None:
    try:
        command = SynthesizeCommand.from_json(body)
    except Invalid:
        return
    assert command.request.text


@given(any_json("state", "info", "busy", "broken", "voices", "languages", "styles", "name", "x"))
def test_any_json_is_a_report_of_health_or_is_refused(body: object) -> None:
    with suppress(KeyError, TypeError):
        assert isinstance(Health.from_json(body), Health)


def test_the_health_survives_the_wire() -> None:
    health = Health(
        state="ready",
        info=INFO,
        busy=(Busy(id="a", seconds_since_progress=1.5),),
        waiting=2,
        voices_held=3,
        voices_made=4,
        broken=(Broken(id="b", error=describe_error(SynthesisFailed("no"))[1]),),
    )
    assert Health.from_json(over_the_wire(health.to_json())) == health


@pytest.mark.parametrize("kind", [SynthesisFailed, EngineUnavailable, VoiceMissing, OutOfMemory])
def test_an_error_of_the_engine_arrives_as_itself(kind: type[EngineError]) -> None:
    raised = kind("what went wrong", code="voice-too-short", engine="A", seconds=4.5, above=5)
    status, body = describe_error(raised)
    error = error_from(over_the_wire(body))
    assert type(error) is kind
    assert (str(error), error.failure) == ("what went wrong", raised.failure)
    assert error.fields == {"engine": "A", "seconds": 4.5, "above": 5}
    assert 400 <= status < 600


@pytest.mark.parametrize("kind", [SynthesisFailed, EngineUnavailable, VoiceMissing, OutOfMemory])
def test_an_error_without_a_reason_of_its_own_has_that_of_its_kind(kind: type[EngineError]) -> None:
    assert error_from(over_the_wire(describe_error(kind(""))[1])).failure == Failure(kind.code)


def test_an_older_hosts_error_is_told_in_its_own_words() -> None:
    told = {"message": "no such voice", "user_message": "There is no such voice. " * 100}
    error = error_from({"code": "synthesis_failed", **told, "retryable": False})
    assert (type(error), str(error)) == (SynthesisFailed, "no such voice")
    assert error_text(error).startswith("“There is no such voice. There is")


@pytest.mark.parametrize(
    "reason", [None, 5, [], "", "Not A Code", "x" * 100, "../x", "failed { $x }", "no-such-code"]
)
def test_a_hosts_error_of_which_nothing_is_known_is_told_all_the_same(reason: object) -> None:
    body = {"code": "synthesis_failed", "message": "x", "reason": reason, "fields": {"x": 1}}
    assert error_text(error_from(over_the_wire(body)))


@pytest.mark.parametrize(
    "fields",
    [
        None,
        [],
        "voice",
        {"voice": {}},
        {"voice": ["x"]},
        {"voice": None},
        {"voice": True},
        {"voice": "x" * 301},
        {"voice": 10**400},
        {"voice": float("inf")},
        {"Voice": "x"},
        {"voice " * 10: "x"},
        {f"x{'x' * n}": 1 for n in range(17)},
    ],
)
def test_what_cannot_be_a_field_of_a_sentence_is_ignored(fields: object) -> None:
    body = {"code": "synthesis_failed", "reason": "no-voice-named", "fields": fields}
    error = error_from(over_the_wire(body))
    assert error.failure == Failure("no-voice-named")
    assert error_text(error) == text("error-failed")


@given(
    st.dictionaries(
        st.sampled_from(["code", "message", "self", "sentence", "error", "retryable", "voice"]),
        st.text(max_size=300) | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(-1e18, 1e18),
    )
)
def test_no_field_of_a_host_breaks_a_sentence(fields: dict[str, Any]) -> None:
    body = {"code": "synthesis_failed", "reason": "no-voice-named", "fields": fields}
    error = error_from(over_the_wire(body))
    assert error.fields == fields
    assert error_text(error)
    assert error_label(error)


def test_a_request_that_met_a_bug_of_the_host_may_be_tried_again() -> None:
    status, body = describe_error(ZeroDivisionError("oops"))
    assert status == 500
    assert type(error_from(over_the_wire(body))) is EngineUnavailable


def test_a_command_that_the_host_does_not_understand_is_not_repeated() -> None:
    assert type(error_from(describe_error(Invalid("unknown: x"))[1])) is SynthesisFailed


@pytest.mark.parametrize("body", [None, [], "<html>", 5])
def test_an_answer_in_another_protocol_means_that_there_is_no_host(body: object) -> None:
    assert type(error_from(body)) is EngineUnavailable
