"""What admins read about voices on their server: names only of those that all may use. Pure.

This file has the words for scopes, decisions and the audit log. It does not know who is an admin,
nor Discord's objects.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from bot.locales.escape import escape
from bot.voices.upload_text import bold
from engine.model.voices import OPERATOR, Action, AuditEntry, ClonePolicy, PlaceRules, Scope, Voice
from engine.voices.permissions import open_to_all

#: Characters of a page: with what stands above and below it, it stays within Discord's 2,000.
MOST_PAGE: Final = 1600
MOST_ROWS: Final = 15
#: Entries of the audit log that one answer looks through.
MOST_ENTRIES: Final = 2000
MOST_DETAIL: Final = 200
#: Barred members that the list names; the audit log has them all.
MOST_BARRED: Final = 5
#: The actor of an entry whose member had their data deleted.
ERASED: Final = "-"

_DID: Final[Mapping[Action, str]] = {
    Action.UPLOAD: "uploaded",
    Action.RENAME: "renamed",
    Action.SHARE: "changed who may use",
    Action.STYLE: "changed the style of",
    Action.DELETE: "deleted",
    Action.REMOVE: "removed from this server",
    Action.FREEZE: "froze",
    Action.RELEASE: "released",
    Action.BAR: "barred from giving voices",
    Action.UNBAR: "allowed to give voices again",
    Action.DEFAULT: "set the default voice",
    Action.UPLOADERS: "set who may upload",
    Action.ALLOW: "set which cloned voices are allowed",
    Action.REPORT: "**reported**",
    Action.EXPORT: "exported their data",
    Action.ERASE: "deleted their data",
}
#: After one of these, a report of the voice is no longer open.
_ANSWERS: Final = {Action.REMOVE, Action.FREEZE, Action.RELEASE, Action.DELETE}

_ALLOWED: Final[Mapping[ClonePolicy, str]] = {
    ClonePolicy.NONE: "Cloned voices are not allowed here.",
    ClonePolicy.SHARED: "Cloned voices are allowed if everyone here may use them.",
    ClonePolicy.ALL: "All cloned voices are allowed here.",
}


def label(voice: Voice, *, named: bool) -> str:
    """What an answer calls a voice. The number lets readers act on a voice whose name they may not
    read."""
    if named:
        return f"{bold(voice.name)} (#{voice.id}) of {who(voice.owner)}"
    return f"{private(voice)} of {who(voice.owner)}"


def private(voice: Voice) -> str:
    """For readers who may know neither its name nor whose it is."""
    return f"a private voice (#{voice.id})"


def who(member: str) -> str:
    if member == OPERATOR:
        return "the operator"
    return "an erased member" if member == ERASED else f"<@{member}>"


def render_list(
    voices: Sequence[Voice],
    frozen: frozenset[int],
    rules: PlaceRules,
    *,
    barred: Collection[str] = (),
    lane: str,
    default: str,
    reports: int,
    page: int,
) -> str:
    """The voices of a server. `default` is what people call the default voice; `barred` are the
    members who may not give voices there."""
    lines = []
    if reports:
        are = "1 report is" if reports == 1 else f"{reports} reports are"
        lines.append(f"{are} open: see `/voice-admin audit`.")
    everyone = rules.uploaders is None
    uploaders = "Everyone may upload" if everyone else f"Only <@&{rules.uploaders}> may upload"
    lines.append(f"{_ALLOWED[rules.cloned]} {uploaders}. Default: {default}.")
    rows = [
        f"- {label(each, named=open_to_all(each, lane))}: {_state(each, lane, frozen)}"
        for each in voices
    ]
    if barred:
        rows.insert(0, f"Barred from giving voices: {_people(barred)}.")
    if not voices:
        lines.append("No cloned voice is shared with this server, was spoken here, or is frozen.")
    return "\n".join([*lines, *paged(rows, page)])


def _people(members: Collection[str]) -> str:
    named = [who(each) for each in sorted(members)[:MOST_BARRED]]
    more = len(members) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _state(voice: Voice, lane: str, frozen: frozenset[int]) -> str:
    if voice.scope is Scope.PUBLIC:
        words = "public"
    elif open_to_all(voice, lane):
        words = "shared with this server"
    elif voice.id in frozen:
        return "**frozen**"  # a new upload of it may not have been spoken yet
    else:
        words = "spoken here"
    return f"{words}, **frozen**" if voice.id in frozen else words


def render_audit_log(
    entries: Sequence[AuditEntry], voices: Mapping[int, Voice], *, lane: str, page: int
) -> str:
    """The audit log, the newest first. `voices` are those of its entries that still exist."""
    if not entries:
        return "Nothing of that kind has happened on this server."
    return "\n".join(paged([_entry(each, voices, lane) for each in entries], page))


def _entry(entry: AuditEntry, voices: Mapping[int, Voice], lane: str) -> str:
    words = f"<t:{int(entry.at)}:f> {who(entry.actor)} {_DID[entry.action]}"
    if entry.voice_id is not None:
        voice = voices.get(entry.voice_id)
        if voice is None:
            words += f" a deleted voice (#{entry.voice_id})"
        else:
            words += f" {label(voice, named=open_to_all(voice, lane))}"
    if entry.action in (Action.BAR, Action.UNBAR):
        return f"{words}: {who(entry.detail)}"
    if entry.action is Action.UPLOADERS and entry.detail.isdecimal():
        return f"{words}: <@&{entry.detail}>"
    return f"{words}: {escape(entry.detail, MOST_DETAIL)}" if entry.detail else words


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
    more = [f"Page {page} of {len(pages)}: `page` shows another."] if len(pages) > 1 else []
    return [*pages[page - 1], *more]


def open_reports(entries: Iterable[AuditEntry], present: Iterable[int]) -> list[AuditEntry]:
    """The reports that nobody has answered, of voices that still exist. `entries` are in order, the
    newest first."""
    answered: set[int | None] = set()
    there: set[int | None] = set(present)
    found = []
    for entry in entries:
        if entry.action in _ANSWERS:
            answered.add(entry.voice_id)
        elif entry.action is Action.REPORT and entry.voice_id in there - answered:
            found.append(entry)
    return found
