"""What the owner of a voice does with it: register, rename, share, style, delete.

Knows: the limits, what becomes of the recording. Does not know: how a recording is examined, who
may use a voice (`permissions.py`).
"""

import asyncio
from collections.abc import Collection, Mapping

import structlog

from engine.base.error_text import describe
from engine.model.errors import BadName, NotAllowed, StorageFull, TooManyVoices
from engine.model.voice_names import check_name
from engine.model.voices import Action, Requester, Scope, Voice, voice_number
from engine.store.transaction import EVERYWHERE, DeletionKind, Transaction
from engine.voices.freezes import Freezes
from engine.voices.pending_deletions import PendingDeletions, in_voices
from engine.voices.rate_limits import LimitedAction, RateLimits
from engine.voices.recording_analyzer import Analyzed
from engine.voices.recording_files import RecordingFiles
from engine.voices.styles import checked_style
from engine.voices.transactions import unknown

log = structlog.get_logger(__name__)


class VoiceOwners(PendingDeletions, Freezes, RateLimits):
    async def own(self, member: str) -> list[Voice]:
        """All voices of this member, wherever they may be used."""
        found = await self._database.read(lambda tx: tx.voices.of_owner(member))
        return sorted(found, key=lambda voice: (voice.name.casefold(), voice.id))

    async def find_own(self, member: str, typed: str) -> Voice:
        """The member's own voice of this key or name, also where it may not be used.

        Raises UnknownVoice.
        """
        return await self._database.read(lambda tx: _own(tx, member, typed))

    # ---- a new voice

    async def check_upload(
        self, requester: Requester, name: str, *, roles: Collection[str], admin: bool
    ) -> None:
        """Whether `register` would take a voice of this name from a member with these roles.

        Also whether another upload is free in this hour; an upload that goes on is to be counted
        by `attempt`. Raises BadName, TooManyVoices, TooOften, NotAllowed.
        """
        name = check_name(name)
        now = self._clock.time()
        marks = self._marks(requester.member, LimitedAction.UPLOAD, now)

        def check(tx: Transaction) -> None:
            _check_not_barred(tx, requester)
            _check_role(tx, requester, roles, admin=admin)
            self._check_limits(tx, requester.member)
            self._check_attempts(tx, marks, LimitedAction.UPLOAD, now)
            _check_free(tx, requester.member, name)

        await self._database.read(check)

    async def register(
        self, *, requester: Requester, name: str, scope: Scope, examined: Analyzed, consent: str
    ) -> Voice:
        """Keep an examined recording as a voice of `requester`, who agreed to the words `consent`.

        A recording that is frozen on a server is kept, and frozen there; one that the operator has
        blocked is not. The file `examined.wav` stays the caller's. Raises BadName, TooManyVoices,
        NotAllowed, StorageFull, NotExamined; then nothing is kept.
        """
        name = check_name(name)
        if scope is Scope.PUBLIC:
            raise NotAllowed(
                "a member's voice cannot be public",
                user_message="Only the operator's voices are public. Share yours with a server, "
                "or with members.",
            )
        if scope is Scope.SERVER and requester.place is None:
            raise NotAllowed(
                "no server to share it with",
                user_message="Outside of a server there is none to share it with. Upload it "
                "privately, or on that server.",
            )
        return await self._tasks.run_to_completion(
            self._register(requester, name, scope, examined, consent)
        )

    async def _register(
        self, requester: Requester, name: str, scope: Scope, examined: Analyzed, consent: str
    ) -> Voice:
        now, reference = self._clock.time(), examined.reference
        recognized: dict[int, str] = {}  # freezes under which it falls: their lanes

        def write(tx: Transaction) -> Voice:
            if reference in self._barred or EVERYWHERE in recognized.values():
                raise NotAllowed(
                    f"the reference {reference} is barred",
                    user_message="Whoever runs this bot has blocked this recording.",
                )
            _check_not_barred(tx, requester)
            self._check_limits(tx, requester.member)
            _check_free(tx, requester.member, name)
            voice = tx.voices.insert(
                owner=requester.member,
                name=name,
                reference=reference,
                scope=scope,
                place=requester.place if scope is Scope.SERVER else None,
                analysis=examined.analysis,
                now=now,
            )
            tx.voices.put_consent(
                voice.id,
                member=requester.member,
                place=requester.place,
                words=consent,
                now=now,
            )
            if examined.fingerprint:
                tx.freezes.put_print(voice.id, examined.fingerprint)
            tx.freezes.put_voice_under(voice, recognized)
            self._tell(tx, requester, Action.UPLOAD, voice.id, scope)
            tx.deletions.drop(DeletionKind.REFERENCE, [reference])
            return voice

        async with self._files:
            found = await self._recognize(examined.fingerprint)
            recognized.update((each.id, each.place) for each in found)
            # What a kill leaves from here on is swept at the next start, unless the row is there.
            await self._database.write(
                lambda tx: tx.deletions.put(DeletionKind.REFERENCE, [reference])
            )
            try:
                await self._keep(examined)
                voice = await self._act(write)
            except BaseException:
                self._owing = True
                try:
                    await self._purge_reference(reference)
                except OSError as error:  # written down, so it is tried again
                    log.warning("A recording is yet to go", error=describe(error))
                raise
        self._news.publish(voice.key)
        return voice

    async def keep_preview(self, reference: str, sound: bytes) -> None:
        """Keep a recording as it is listened to, if it is still kept itself. Raises OSError."""
        async with self._files:
            if await asyncio.to_thread(self._recording_files.path, reference) is not None:
                await asyncio.to_thread(self._recording_files.keep_preview, sound, reference)

    async def _keep(self, examined: Analyzed) -> None:
        try:
            await asyncio.to_thread(_keep_files, self._recording_files, examined)
        except OSError as error:
            raise StorageFull(
                f"the recording cannot be kept: {error}",
                user_message="The recording cannot be kept on this bot's disk. Tell whoever runs "
                "it, and try again later.",
            ) from error

    def _check_limits(self, tx: Transaction, member: str) -> None:
        most = self._settings.mynah_max_voices
        if not most:
            raise NotAllowed(
                "the settings allow no voices of members",
                user_message="This bot keeps no voices of members. Choose one of those that are "
                "offered as you type.",
            )
        if len(tx.voices.of_owner(member)) >= most:
            raise TooManyVoices(
                f"the member has {most} voices",
                user_message=f"You have {most} voices, and no more are kept. "
                "Delete one with `/voice delete` first.",
            )

    # ---- a voice that is there

    async def check_sharing(
        self, requester: Requester, *, roles: Collection[str], admin: bool
    ) -> None:
        """Whether a member with these roles may share voices with the server where they ask: what
        was uploaded elsewhere is not to come in by that way. Raises NotAllowed."""

        def check(tx: Transaction) -> None:
            _check_not_barred(tx, requester)
            _check_role(tx, requester, roles, admin=admin)

        await self._database.read(check)

    async def rename(self, requester: Requester, key: str, name: str) -> Voice:
        """Raises UnknownVoice, BadName."""
        name = check_name(name)

        def write(tx: Transaction) -> Voice:
            voice = _own(tx, requester.member, key)
            _check_free(tx, requester.member, name, but=voice)
            tx.voices.rename(voice.id, name)
            self._tell(tx, requester, Action.RENAME, voice.id)
            return _again(tx, voice)

        return await self._act(write, tell=[key])

    async def share(
        self,
        requester: Requester,
        key: str,
        scope: Scope,
        *,
        add: str | None = None,
        remove: str | None = None,
    ) -> Voice:
        """Who may use it from now on. With scope `members`, `add` comes to its list and `remove`
        goes from it; with another, the list is emptied.

        Raises UnknownVoice, NotAllowed.
        """
        if scope is Scope.PUBLIC or (scope is Scope.SERVER and requester.place is None):
            raise NotAllowed(
                f"scope {scope} outside of its place",
                user_message="A voice is shared with a server on that server, or with members by "
                "their names.",
            )

        def write(tx: Transaction) -> Voice:
            voice = _own(tx, requester.member, key)
            if scope is Scope.SERVER:
                _check_not_barred(tx, requester)
            members = set(voice.members) if scope is Scope.MEMBERS else set()
            members |= {add} if scope is Scope.MEMBERS and add is not None else set()
            members -= {remove, requester.member}
            place = requester.place if scope is Scope.SERVER else None
            tx.voices.update(voice.id, scope=scope, place=place)
            tx.voices.put_members(voice.id, members)
            # Who is on the list is the owner's affair: the trail is read by admins.
            self._tell(tx, requester, Action.SHARE, voice.id, scope)
            return _again(tx, voice)

        return await self._act(write, tell=[key])

    async def style(
        self, requester: Requester, key: str, values: Mapping[str, object | None]
    ) -> Voice:
        """How the engine speaks in it from now on; None: as the engine itself would.

        Raises UnknownVoice; BadStyle where the engine has no such setting, or not this value.
        """

        def write(tx: Transaction) -> Voice:
            voice = _own(tx, requester.member, key)
            style = checked_style(self._speech.info, voice.style, values)
            tx.voices.update(voice.id, style=style)
            told = ", ".join(
                f"{name} {'reset' if value is None else value}" for name, value in values.items()
            )
            self._tell(tx, requester, Action.STYLE, voice.id, told)
            return _again(tx, voice)

        return await self._act(write, tell=[key])

    async def delete(self, requester: Requester, key: str) -> None:
        """With its recording, unless another voice has the same, its derived state and its audio.

        Raises UnknownVoice.
        """
        if voice_number(key) is None:
            raise unknown(key)

        def write(tx: Transaction) -> None:
            voice = _own(tx, requester.member, key)
            self._tell(tx, requester, Action.DELETE, voice.id)
            self._remove(tx, [voice])

        await self._act(write, tell=[key], forget=in_voices([key]))
        await self.purge()


def _keep_files(recording_files: RecordingFiles, examined: Analyzed) -> None:
    recording_files.keep(examined.wav, examined.reference)
    if examined.preview.is_file():
        recording_files.keep_preview(examined.preview.read_bytes(), examined.reference)


def _check_role(
    tx: Transaction, requester: Requester, roles: Collection[str], *, admin: bool
) -> None:
    role = tx.rules.of(requester.place).uploaders
    if role is not None and role not in roles and not admin:
        raise NotAllowed(
            f"without the role {role}",
            user_message="On this server only members with a certain role may upload voices, or "
            "share them with it. Ask an admin for it.",
        )


def _check_not_barred(tx: Transaction, requester: Requester) -> None:
    if requester.member in tx.freezes.members_blocked_on(requester.place):
        raise NotAllowed(
            f"the member is barred on {requester.place}",
            user_message="An admin of this server has barred you from giving voices here. Ask them "
            "if you think that this is a mistake.",
        )


def _own(tx: Transaction, member: str, typed: str) -> Voice:
    number = voice_number(typed)
    voice = tx.voices.called(member, typed) if number is None else tx.voices.get(number)
    if voice is None or voice.owner != member:
        raise unknown(typed)
    return voice


def _again(tx: Transaction, voice: Voice) -> Voice:
    """The voice as it is now."""
    found = tx.voices.get(voice.id)
    if found is None:
        raise unknown(voice.key)
    return found


def _check_free(tx: Transaction, owner: str, name: str, *, but: Voice | None = None) -> None:
    taken = tx.voices.called(owner, name)
    if taken is not None and (but is None or taken.id != but.id):
        raise BadName(
            "the owner has another voice of that name",
            user_message="You have another voice of that name. Choose a different one.",
        )
