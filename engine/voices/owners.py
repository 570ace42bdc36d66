"""What an owner does with a voice: register, rename, share, style, delete.

Knows: the limits, and when a recording's file is stored and deleted. Does not know: how a recording
is analyzed (`recording_analyzer.py`), who may use a voice (`permissions.py`).
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.base.clock import Clock
from engine.model.errors import BadName, NotAllowed, StorageFull, TooManyVoices
from engine.model.voice_names import check_name
from engine.model.voices import Action, Requester, Scope, Voice, voice_number
from engine.queue import SpeechQueue
from engine.store.transaction import EVERYWHERE, Transaction
from engine.voices.freezes import Freezes
from engine.voices.pending_deletions import PendingDeletions
from engine.voices.rate_limits import LimitedAction, RateLimits
from engine.voices.recording_analyzer import Analyzed
from engine.voices.recording_files import RecordingFiles
from engine.voices.styles import checked_style
from engine.voices.transactions import VoiceTransactions, unknown


@dataclass(frozen=True, slots=True)
class VoiceOwners:
    """`most_voices`: that a member may have."""

    transactions: VoiceTransactions
    freezes: Freezes
    deletions: PendingDeletions
    rate_limits: RateLimits
    recording_files: RecordingFiles
    speech: SpeechQueue
    clock: Clock
    most_voices: int

    async def own(self, member: str) -> list[Voice]:
        """All voices of this member, whether they may be used here or not."""
        found = await self.transactions.read(lambda tx: tx.voices.of_owner(member))
        return sorted(found, key=lambda voice: (voice.name.casefold(), voice.id))

    async def find_own(self, member: str, typed: str) -> Voice:
        """The member's own voice with this key or name, even if it may not be used here.

        Raises UnknownVoice.
        """
        return await self.transactions.read(lambda tx: _own(tx, member, typed))

    # ---- a new voice

    async def check_upload(
        self,
        requester: Requester,
        name: str,
        *,
        scope: Scope = Scope.PRIVATE,
        roles: Collection[str],
        admin: bool,
    ) -> None:
        """Whether `register` would take such a voice from a member with these roles.

        Also checks whether another upload is allowed in this hour. A caller that goes on must
        count the upload with `RateLimits.attempt`.

        Raises BadName, TooManyVoices, TooOften, NotAllowed.
        """
        name = check_name(name)
        _check_scope(requester, scope)

        def check(tx: Transaction) -> None:
            _check_not_blocked(tx, requester)
            _check_role(tx, requester, roles, admin=admin)
            self._check_limits(tx, requester.member)
            self.rate_limits.check(tx, requester.member, LimitedAction.UPLOAD)
            _check_free(tx, requester.member, name)

        await self.transactions.read(check)

    async def register(
        self, *, requester: Requester, name: str, scope: Scope, analyzed: Analyzed, consent: str
    ) -> Voice:
        """Store an analyzed recording as a voice of `requester`, who agreed to the words `consent`.

        A recording that is frozen on a server is stored, and frozen there. A recording that the
        operator has blocked is rejected. The caller keeps the file `analyzed.wav`.

        Raises BadName, TooManyVoices, NotAllowed, StorageFull, NotAnalyzed. Nothing is stored then.
        """
        name = check_name(name)
        _check_scope(requester, scope)
        return await self.transactions.run_to_completion(
            self._register(requester, name, scope, analyzed, consent)
        )

    async def _register(
        self, requester: Requester, name: str, scope: Scope, analyzed: Analyzed, consent: str
    ) -> Voice:
        now, reference = self.clock.time(), analyzed.reference
        recognized: dict[int, str] = {}  # the freezes that cover it: id to place

        def write(tx: Transaction) -> Voice:
            if (
                reference in self.transactions.blocked_references
                or EVERYWHERE in recognized.values()
            ):
                raise NotAllowed(f"the reference {reference} is blocked", code="recording-blocked")
            _check_not_blocked(tx, requester)
            self._check_limits(tx, requester.member)
            _check_free(tx, requester.member, name)
            voice = tx.voices.insert(
                owner=requester.member,
                name=name,
                reference=reference,
                scope=scope,
                place=requester.place if scope is Scope.SERVER else None,
                analysis=analyzed.analysis,
                now=now,
            )
            tx.voices.put_consent(
                voice.id,
                member=requester.member,
                place=requester.place,
                words=consent,
                now=now,
            )
            if analyzed.fingerprint:
                tx.freezes.put_print(voice.id, analyzed.fingerprint)
            tx.freezes.put_voice_under(voice, recognized)
            self.transactions.record(tx, requester, Action.UPLOAD, voice.id, scope)
            self.deletions.stored(tx, reference)
            return voice

        async with self.transactions.recordings_lock:
            found = await self.freezes.recognize(analyzed.fingerprint)
            recognized.update((each.id, each.place) for each in found)
            async with self.deletions.unless_stored(reference):
                await self._keep(analyzed)
                voice = await self.transactions.act(write)
        self.transactions.publish([voice.key])
        return voice

    async def keep_preview(self, reference: str, sound: bytes) -> None:
        """Store a recording's preview, if the recording is still stored. Raises OSError."""
        async with self.transactions.recordings_lock:
            if await asyncio.to_thread(self.recording_files.path, reference) is not None:
                await asyncio.to_thread(self.recording_files.keep_preview, sound, reference)

    async def _keep(self, analyzed: Analyzed) -> None:
        try:
            await asyncio.to_thread(_keep_files, self.recording_files, analyzed)
        except OSError as error:
            raise StorageFull(
                f"the recording cannot be kept: {error}", code="recording-not-kept"
            ) from error

    def _check_limits(self, tx: Transaction, member: str) -> None:
        most = self.most_voices
        if not most:
            raise NotAllowed("the settings allow no voices of members", code="no-voices-of-members")
        if len(tx.voices.of_owner(member)) >= most:
            raise TooManyVoices(
                f"the member has {most} voices",
                code="too-many-voices",
                most=most,
            )

    # ---- an existing voice

    async def check_sharing(
        self, requester: Requester, *, roles: Collection[str], admin: bool
    ) -> None:
        """Whether a member with these roles may share voices with the requester's server.

        Sharing must not get around the server's upload rules. Raises NotAllowed.
        """
        _check_scope(requester, Scope.SERVER)

        def check(tx: Transaction) -> None:
            _check_not_blocked(tx, requester)
            _check_role(tx, requester, roles, admin=admin)

        await self.transactions.read(check)

    async def rename(self, requester: Requester, key: str, name: str) -> Voice:
        """Rename one of the requester's voices. Raises UnknownVoice, BadName."""
        name = check_name(name)

        def write(tx: Transaction) -> Voice:
            voice = _own(tx, requester.member, key)
            _check_free(tx, requester.member, name, but=voice)
            tx.voices.rename(voice.id, name)
            self.transactions.record(tx, requester, Action.RENAME, voice.id)
            return _reload(tx, voice)

        return await self.transactions.act(write, changed=[key])

    async def share(
        self,
        requester: Requester,
        key: str,
        scope: Scope,
        *,
        add: str | None = None,
        remove: str | None = None,
    ) -> Voice:
        """Set who may use the voice from now on. With scope `members`, `add` joins the voice's list
        and `remove` leaves it. Any other scope empties the list.

        Raises UnknownVoice, NotAllowed.
        """
        _check_scope(requester, scope)

        def write(tx: Transaction) -> Voice:
            voice = _own(tx, requester.member, key)
            if scope is Scope.SERVER:
                _check_not_blocked(tx, requester)
            members = set(voice.members) if scope is Scope.MEMBERS else set()
            members |= {add} if scope is Scope.MEMBERS and add is not None else set()
            members -= {remove, requester.member}
            place = requester.place if scope is Scope.SERVER else None
            tx.voices.update(voice.id, scope=scope, place=place)
            tx.voices.put_members(voice.id, members)
            # Admins read the audit log, and the list of members is the owner's private matter.
            self.transactions.record(tx, requester, Action.SHARE, voice.id, scope)
            return _reload(tx, voice)

        return await self.transactions.act(write, changed=[key])

    async def style(
        self, requester: Requester, key: str, values: Mapping[str, object | None]
    ) -> Voice:
        """Set how the engine speaks in the voice from now on. None resets a setting to the engine's
        default.

        Raises UnknownVoice; BadStyle if the engine has no such setting or does not take the value.
        """

        def write(tx: Transaction) -> Voice:
            voice = _own(tx, requester.member, key)
            style = checked_style(self.speech.info, voice.style, values)
            tx.voices.update(voice.id, style=style)
            detail = ", ".join(
                f"{name} {'reset' if value is None else value}" for name, value in values.items()
            )
            self.transactions.record(tx, requester, Action.STYLE, voice.id, detail)
            return _reload(tx, voice)

        return await self.transactions.act(write, changed=[key])

    async def delete(self, requester: Requester, key: str) -> None:
        """Delete the voice and its audio. Its recording and what engines made of the recording go
        too, unless another voice has the same recording.

        Raises UnknownVoice.
        """
        if voice_number(key) is None:
            raise unknown(key)

        voice = await self.find_own(requester.member, key)

        def record(tx: Transaction) -> None:
            _own(tx, requester.member, key)
            self.transactions.record(tx, requester, Action.DELETE, voice.id)

        await self.deletions.delete_voice(voice, record)


def _keep_files(recording_files: RecordingFiles, analyzed: Analyzed) -> None:
    recording_files.keep(analyzed.wav, analyzed.reference)
    if analyzed.preview.is_file():
        recording_files.keep_preview(analyzed.preview.read_bytes(), analyzed.reference)


def _check_scope(requester: Requester, scope: Scope) -> None:
    """Whether a member may share a voice so."""
    if scope is Scope.PUBLIC:
        raise NotAllowed("a member's voice cannot be public", code="public-is-the-operators")
    if scope is Scope.SERVER and requester.place is None:
        raise NotAllowed("no server to share it with", code="share-needs-server")


def _check_role(
    tx: Transaction, requester: Requester, roles: Collection[str], *, admin: bool
) -> None:
    role = tx.rules.of(requester.place).uploaders
    if role is not None and role not in roles and not admin:
        raise NotAllowed(f"without the role {role}", code="role-needed")


def _check_not_blocked(tx: Transaction, requester: Requester) -> None:
    if requester.member in tx.freezes.members_blocked_on(requester.place):
        raise NotAllowed(f"the member is blocked on {requester.place}", code="member-blocked")


def _own(tx: Transaction, member: str, typed: str) -> Voice:
    number = voice_number(typed)
    voice = tx.voices.called(member, typed) if number is None else tx.voices.get(number)
    if voice is None or voice.owner != member:
        raise unknown(typed)
    return voice


def _reload(tx: Transaction, voice: Voice) -> Voice:
    """Read the voice again."""
    found = tx.voices.get(voice.id)
    if found is None:
        raise unknown(voice.key)
    return found


def _check_free(tx: Transaction, owner: str, name: str, *, but: Voice | None = None) -> None:
    taken = tx.voices.called(owner, name)
    if taken is not None and (but is None or taken.id != but.id):
        raise BadName("the owner has another voice of that name", code="name-taken")
