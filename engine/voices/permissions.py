"""Who may use which voice, and where. Pure: judged anew at every use.

Knows: scopes, what a server's admins and the operator have decided. Does not know: where that is
kept, who is an admin.
"""

from engine.model.voices import OPERATOR, Blocked, ClonePolicy, PlaceRules, Requester, Scope, Voice


def may_use(voice: Voice, requester: Requester, rules: PlaceRules, barred: Blocked) -> bool:
    """Whether `requester` may have text spoken in `voice`, where they ask. `rules` and
    `barred.voices` are those of that place."""
    if _is_barred(voice, barred) or not _allows(voice, requester.place, rules):
        return False
    if voice.owner == requester.member and voice.owner != OPERATOR:
        return True
    if voice.scope is Scope.MEMBERS:
        return requester.member in voice.members
    return open_to_all(voice, requester.place)


def named_there(voice: Voice, place: str | None, rules: PlaceRules, barred: Blocked) -> bool:
    """Whether everyone on `place` may use it, so that all may read its name."""
    allowed = rules.cloned is not ClonePolicy.NONE and not _is_barred(voice, barred)
    return allowed and open_to_all(voice, place)


def open_to_all(voice: Voice, place: str | None) -> bool:
    """Whether its owner lets everyone on `place` use it."""
    if voice.scope is Scope.SERVER:
        return place is not None and voice.place == place
    return voice.scope is Scope.PUBLIC


def _is_barred(voice: Voice, barred: Blocked) -> bool:
    return (
        voice.id in barred.voices
        or voice.reference in barred.references
        or voice.owner in barred.members
    )


def _allows(voice: Voice, place: str | None, rules: PlaceRules) -> bool:
    match rules.cloned:
        case ClonePolicy.NONE:
            return False
        case ClonePolicy.SHARED:
            return open_to_all(voice, place)
        case ClonePolicy.ALL:
            return True
