"""Who may use which voice, and where. Pure: judged anew at every use.

Knows: scopes, what a server's admins and the operator have decided. Does not know: where that is
kept, who is an admin.
"""

from engine.model.voices import OPERATOR, Blocked, ClonePolicy, LaneRules, Requester, Scope, Voice


def may_use(voice: Voice, requester: Requester, rules: LaneRules, barred: Blocked) -> bool:
    """Whether `requester` may have text spoken in `voice`, where they ask. `rules` and
    `barred.voices` are those of that lane."""
    if _is_barred(voice, barred) or not _allows(voice, requester.lane, rules):
        return False
    if voice.owner == requester.member and voice.owner != OPERATOR:
        return True
    if voice.scope is Scope.MEMBERS:
        return requester.member in voice.members
    return open_to_all(voice, requester.lane)


def named_there(voice: Voice, lane: str, rules: LaneRules, barred: Blocked) -> bool:
    """Whether everyone on `lane` may use it, so that all may read its name."""
    allowed = rules.cloned is not ClonePolicy.NONE and not _is_barred(voice, barred)
    return allowed and open_to_all(voice, lane)


def open_to_all(voice: Voice, lane: str | None) -> bool:
    """Whether its owner lets everyone on `lane` use it."""
    if voice.scope is Scope.SERVER:
        return lane is not None and voice.lane == lane
    return voice.scope is Scope.PUBLIC


def _is_barred(voice: Voice, barred: Blocked) -> bool:
    return (
        voice.id in barred.voices
        or voice.reference in barred.references
        or voice.owner in barred.members
    )


def _allows(voice: Voice, lane: str | None, rules: LaneRules) -> bool:
    match rules.cloned:
        case ClonePolicy.NONE:
            return False
        case ClonePolicy.SHARED:
            return open_to_all(voice, lane)
        case ClonePolicy.ALL:
            return True
