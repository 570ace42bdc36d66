"""What admins see of voices: pages, the audit log, reports that nobody has answered."""

from dataclasses import replace

from bot.voices.moderation_text import paged, render_audit_log, render_list, voice_label
from engine.model.voices import Action, AuditEntry, ClonePolicy, PlaceRules, Scope, Voice
from engine.voices.moderation import open_reports
from tests.unit.fluent_entries import entries
from tests.values import VOICE

LANE = "7"


def voice(number: int, name: str = "Morning", scope: Scope = Scope.PRIVATE) -> Voice:
    lane = LANE if scope is Scope.SERVER else None
    return replace(VOICE, id=number, owner="41", name=name, scope=scope, place=lane)


def entry(
    action: Action, number: int | None = 1, *, actor: str = "42", detail: str = ""
) -> AuditEntry:
    return AuditEntry(
        at=0.0, place=LANE, actor=actor, action=action, voice_id=number, detail=detail
    )


def test_voice_is_named_only_to_who_may_read_its_name() -> None:
    assert voice_label(voice(3), named=True) == "**Morning** (#3) of <@41>"
    assert voice_label(voice(3), named=False) == "a private voice (#3) of <@41>"


def test_report_is_open_until_something_was_done_about_the_voice() -> None:
    told = entry(Action.REPORT)
    assert open_reports([told], [1]) == [told]
    for answer in (Action.FREEZE, Action.REMOVE, Action.RELEASE):
        assert open_reports([entry(answer), told], [1]) == []
        assert open_reports([told, entry(answer)], [1]) == [told], "the newest is first"
    assert open_reports([entry(Action.FREEZE, 2), told], [1, 2]) == [told]
    assert open_reports([told], []) == [], "the voice is gone"


def test_pages_hold_what_a_message_holds() -> None:
    rows = ["x" * 150] * 40
    shown = [paged(rows, page) for page in range(1, 6)]
    assert sum(len(page) - 1 for page in shown[:4]) == 40
    assert all(len("\n".join(page)) < 1900 for page in shown)
    assert shown[4] == shown[3], "past the end stands the last"
    assert paged([], 1) == []


def test_hostile_names_and_words_stay_within_a_message() -> None:
    voices = [voice(number, "*" * 32, Scope.SERVER) for number in range(1, 60)]
    audit_log = [entry(Action.REPORT, number, detail="*" * 500) for number in range(1, 60)]
    listed = render_list(
        voices,
        frozenset(range(60)),
        PlaceRules(cloned=ClonePolicy.SHARED, uploaders="9" * 19),
        lane=LANE,
        default=voice_label(voices[0], named=True),
        reports=59,
        page=1,
    )
    told = render_audit_log(audit_log, {each.id: each for each in voices}, lane=LANE, page=1)
    assert len(listed) <= 2000
    assert len(told) <= 2000


def test_trail_says_who_in_words_where_there_is_no_member() -> None:
    told = render_audit_log(
        [
            entry(Action.UPLOAD, actor=""),
            entry(Action.ERASE, None, actor="-"),
            entry(Action.UPLOADERS, None, detail="99"),
        ],
        {},
        lane=LANE,
        page=1,
    )
    assert "the operator uploaded a deleted voice (#1)" in told
    assert "an erased member deleted their data" in told
    assert "set who may upload: <@&99>" in told


def test_every_action_has_its_sentence() -> None:
    audit = {name for name in entries("en") if name.startswith("audit-")}
    assert audit == {f"audit-{action}" for action in Action}


def test_log_says_to_whom_it_was_done_and_what_came_of_it() -> None:
    voices = {1: voice(1, scope=Scope.SERVER)}
    blocked, default, engines, reported = render_audit_log(
        [
            entry(Action.BAR, None, detail="43"),
            entry(Action.DEFAULT),
            entry(Action.DEFAULT, None, detail="en"),
            entry(Action.REPORT, detail="**It is me.**"),
        ],
        voices,
        lane=LANE,
        page=1,
    ).splitlines()
    assert blocked.endswith("<@42> blocked <@43> from adding voices")
    assert default.endswith("<@42> set the default voice: **Morning** (#1) of <@41>")
    assert engines.endswith("<@42> set the default voice: en")
    assert reported.endswith("**Morning** (#1) of <@41>: \\*\\*It is me.\\*\\*")
