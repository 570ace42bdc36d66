"""What admins read about voices on their server: names only of those that all may use. Pure.

This file does not know who is an admin, nor Discord's objects.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from bot.locales.catalog import text
from bot.locales.escape import Markup, escape
from bot.voices.upload_text import mentions, voice_name
from engine.model.voices import OPERATOR, Action, AuditEntry, PlaceRules, Voice
from engine.voices.permissions import open_to_all

#: Characters of a page: with what stands above and below it, it stays within Discord's 2,000.
MOST_PAGE: Final = 1600
MOST_ROWS: Final = 15
MOST_DETAIL: Final = 200
#: Blocked members that the list names; the audit log has them all.
MOST_BLOCKED: Final = 5
#: The actor of an entry whose member had their data deleted.
ERASED: Final = "-"


def voice_label(voice: Voice, *, named: bool) -> Markup:
    """What an answer calls a voice. The number lets readers act on a voice whose name they may not
    read."""
    number, owner = str(voice.id), who(voice.owner)
    if named:
        return text("label-named", voice=voice_name(voice.name), number=number, owner=owner)
    return text("label-private-of", number=number, owner=owner)


def private(voice: Voice) -> Markup:
    """For readers who may know neither its name nor whose it is."""
    return text("label-private", number=str(voice.id))


def who(member: str) -> Markup:
    if member == OPERATOR:
        return text("member-operator")
    return text("member-erased") if member == ERASED else mentions([member], 1)


def render_list(
    voices: Sequence[Voice],
    frozen: frozenset[int],
    rules: PlaceRules,
    *,
    blocked: Collection[str] = (),
    lane: str,
    default: Markup,
    reports: int,
    page: int,
) -> str:
    """The voices of a server. `default` is what people call the default voice; `blocked` are the
    members who are blocked from adding voices there."""
    lines = [text("voice-admin-reports", count=reports)] if reports else []
    lines.append(
        text(
            "voice-admin-rules",
            cloned=rules.cloned,
            limited=rules.uploaders is not None,
            role=Markup(f"<@&{rules.uploaders}>"),
            default=default,
        )
    )
    rows = [_row(each, lane, frozen) for each in voices]
    if blocked:
        named = sorted(blocked)[:MOST_BLOCKED]
        members = Markup(", ".join(map(who, named)))
        more = len(blocked) - len(named)
        rows.insert(0, text("voice-admin-blocked-members", members=members, more=more))
    if not voices:
        lines.append(text("voice-admin-none"))
    return "\n".join([*lines, *paged(rows, page)])


def _row(voice: Voice, lane: str, frozen: frozenset[int]) -> Markup:
    """A voice that is neither public nor shared is there because it was spoken or is frozen: a new
    upload of a frozen one may not have been spoken yet."""
    named = open_to_all(voice, lane)
    return text(
        "voice-admin-row",
        voice=voice_label(voice, named=named),
        reach=voice.scope if named else "other",
        frozen=voice.id in frozen,
    )


def render_audit_log(
    entries: Sequence[AuditEntry], voices: Mapping[int, Voice], *, lane: str, page: int
) -> str:
    """The audit log, the newest first. `voices` are those of its entries that still exist."""
    if not entries:
        return text("voice-admin-audit-empty")
    return "\n".join(paged([_entry(each, voices, lane) for each in entries], page))


def _entry(entry: AuditEntry, voices: Mapping[int, Voice], lane: str) -> Markup:
    voice, member = _voice_of(entry, voices, lane), Markup()
    detail = escape(entry.detail, MOST_DETAIL)
    match entry.action:
        case Action.BAR | Action.UNBAR:
            member, detail = who(entry.detail), Markup()
        case Action.UPLOADERS if entry.detail.isdecimal():
            detail = Markup(f"<@&{entry.detail}>")
        case Action.DEFAULT:
            detail = voice or detail
    when = Markup(f"<t:{int(entry.at)}:f>")
    words = text(
        f"audit-{entry.action}", when=when, actor=who(entry.actor), voice=voice, member=member
    )
    return text("voice-admin-audit-detail", entry=words, detail=detail) if detail else words


def _voice_of(entry: AuditEntry, voices: Mapping[int, Voice], lane: str) -> Markup:
    if entry.voice_id is None:
        return Markup()
    voice = voices.get(entry.voice_id)
    if voice is None:
        return text("label-deleted", number=str(entry.voice_id))
    return voice_label(voice, named=open_to_all(voice, lane))


def paged(rows: Sequence[str], page: int) -> list[str]:
    """One page of rows, counted from 1, and how many pages there are."""
    pages: list[list[str]] = [[]]
    room = MOST_PAGE
    for row in rows:
        if pages[-1] and (room < len(row) or len(pages[-1]) == MOST_ROWS):
            pages.append([])
            room = MOST_PAGE
        pages[-1].append(row)
        room -= len(row) + 1
    page = min(max(1, page), len(pages))
    more = [text("voice-admin-page", page=page, pages=len(pages))] if len(pages) > 1 else []
    return [*pages[page - 1], *more]
