"""Who may use which voice, and where: every rule, alone and combined."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.voices import OPERATOR, Blocked, ClonePolicy, PlaceRules, Requester, Scope, Voice
from engine.voices.permissions import may_use, named_there, open_to_all
from tests.values import VOICE

SHARED = replace(VOICE, scope=Scope.SERVER, place="here")
LISTED = replace(VOICE, scope=Scope.MEMBERS, members=frozenset({"bob"}))
PUBLIC = replace(VOICE, owner=OPERATOR, scope=Scope.PUBLIC)
OPEN = PlaceRules()
NOTHING = Blocked()


@pytest.mark.parametrize(
    ("voice", "member", "lane", "allowed"),
    [
        (VOICE, "ada", "here", True),
        (VOICE, "ada", "there", True),
        (VOICE, "ada", None, True),
        (VOICE, "bob", "here", False),
        (VOICE, "bob", None, False),
        (SHARED, "bob", "here", True),
        (SHARED, "bob", "there", False),
        (SHARED, "bob", None, False),
        (SHARED, "ada", "there", True),
        (LISTED, "bob", "here", True),
        (LISTED, "bob", None, True),
        (LISTED, "eve", "here", False),
        (LISTED, "ada", "here", True),
        (PUBLIC, "bob", "here", True),
        (PUBLIC, "bob", None, True),
    ],
)
def test_scopes(voice: Voice, member: str, lane: str | None, allowed: bool) -> None:
    assert may_use(voice, Requester(member=member, place=lane), OPEN, NOTHING) is allowed


def test_list_counts_only_while_the_scope_is_that_of_a_list() -> None:
    left = replace(LISTED, scope=Scope.PRIVATE)
    assert not may_use(left, Requester(member="bob", place="here"), OPEN, NOTHING)


def test_a_server_once_shared_with_counts_only_while_the_scope_says_so() -> None:
    left = replace(SHARED, scope=Scope.PRIVATE)
    assert not may_use(left, Requester(member="bob", place="here"), OPEN, NOTHING)


def test_nobody_is_the_operator() -> None:
    dropped = replace(PUBLIC, scope=Scope.PRIVATE)
    assert not may_use(dropped, Requester(member=OPERATOR, place="here"), OPEN, NOTHING)


@pytest.mark.parametrize(
    ("cloned", "usable"),
    [
        (ClonePolicy.ALL, [VOICE, SHARED, LISTED, PUBLIC]),
        (ClonePolicy.SHARED, [SHARED, PUBLIC]),
        (ClonePolicy.NONE, []),
    ],
)
def test_server_decides_which_voices_are_spoken_there(
    cloned: ClonePolicy, usable: list[Voice]
) -> None:
    rules = PlaceRules(cloned=cloned)
    allowed = [
        voice
        for voice in (VOICE, SHARED, LISTED, PUBLIC)
        if may_use(voice, Requester(member="ada", place="here"), rules, NOTHING)
    ]
    assert allowed == usable


def test_name_is_for_all_to_read_only_where_all_may_use_the_voice() -> None:
    assert named_there(SHARED, "here", OPEN, NOTHING)
    assert named_there(PUBLIC, "here", OPEN, NOTHING)
    assert not named_there(SHARED, "there", OPEN, NOTHING)
    assert not named_there(VOICE, "here", OPEN, NOTHING)
    assert not named_there(LISTED, "here", OPEN, NOTHING)
    assert not named_there(SHARED, "here", PlaceRules(cloned=ClonePolicy.NONE), NOTHING)
    assert not named_there(SHARED, "here", OPEN, Blocked(voices=frozenset({12})))


voices = st.builds(
    lambda owner, scope, lane, members: replace(
        VOICE, owner=owner, scope=scope, place=lane, members=members
    ),
    st.sampled_from(["ada", "bob", OPERATOR]),
    st.sampled_from(Scope),
    st.sampled_from([None, "here", "there"]),
    st.frozensets(st.sampled_from(["ada", "bob", "eve"])),
)
askers = st.builds(
    lambda member, lane: Requester(member=member, place=lane),
    st.sampled_from(["ada", "bob", "eve"]),
    st.sampled_from([None, "here", "there"]),
)
rules = st.builds(lambda cloned: PlaceRules(cloned=cloned), st.sampled_from(ClonePolicy))


@given(voices, askers, rules)
def test_what_is_barred_nobody_may_use(
    voice: Voice, requester: Requester, rules: PlaceRules
) -> None:
    assert not may_use(voice, requester, rules, Blocked(voices=frozenset({voice.id})))
    assert not may_use(voice, requester, rules, Blocked(references=frozenset({voice.reference})))


@given(voices, askers, rules)
def test_a_rule_never_allows_what_a_wider_one_forbids(
    voice: Voice, requester: Requester, rules: PlaceRules
) -> None:
    if may_use(voice, requester, rules, NOTHING):
        assert may_use(voice, requester, OPEN, NOTHING)


@given(voices, askers, rules)
def test_whoever_may_use_a_voice_owns_it_is_listed_or_everyone_there_may(
    voice: Voice, requester: Requester, rules: PlaceRules
) -> None:
    if may_use(voice, requester, rules, NOTHING):
        listed = voice.scope is Scope.MEMBERS and requester.member in voice.members
        assert voice.owner == requester.member or listed or open_to_all(voice, requester.place)
