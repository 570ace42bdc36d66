"""Who may use which voice, and where. Pure, and evaluated again at every use.

Knows: scopes, and the decisions of a server's admins and the operator. Does not know: where these
are stored, who is an admin.
"""

from engine.model.voices import OPERATOR, Blocked, ClonePolicy, PlaceRules, Requester, Scope, Voice


def may_use(voice: Voice, requester: Requester, rules: PlaceRules, blocked: Blocked) -> bool:
    """Whether `requester` may have text spoken in `voice` at `requester.place`. `rules` and
    `blocked.voices` are those of that place."""
    if _is_blocked(voice, blocked) or not _allows(voice, requester.place, rules):
        return False
    if voice.owner == requester.member and voice.owner != OPERATOR:
        return True
    if voice.scope is Scope.MEMBERS:
        return requester.member in voice.members
    return open_to_all(voice, requester.place)


def named_there(voice: Voice, place: str | None, rules: PlaceRules, blocked: Blocked) -> bool:
    """Whether everyone on `place` may use the voice, and so may read its name."""
    allowed = rules.cloned is not ClonePolicy.NONE and not _is_blocked(voice, blocked)
    return allowed and open_to_all(voice, place)


def open_to_all(voice: Voice, place: str | None) -> bool:
    """Whether the owner lets everyone on `place` use the voice."""
    if voice.scope is Scope.SERVER:
        return place is not None and voice.place == place
    return voice.scope is Scope.PUBLIC


def _is_blocked(voice: Voice, blocked: Blocked) -> bool:
    return (
        voice.id in blocked.voices
        or voice.reference in blocked.references
        or voice.owner in blocked.members
    )


def _allows(voice: Voice, place: str | None, rules: PlaceRules) -> bool:
    match rules.cloned:
        case ClonePolicy.NONE:
            return False
        case ClonePolicy.SHARED:
            return open_to_all(voice, place)
        case ClonePolicy.ALL:
            return True
