"""`mynah voices freeze HASH` and `release HASH`: a recording is barred everywhere, or not any more.

Knows: how a hash may be shortened, what to say. Does not know: what a running bot does about it;
it sees the file within a second.
"""

import asyncio
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from engine.base.data_dir import DataDirectory
from engine.base.settings import Settings, load_settings
from engine.model.errors import BadRecording, SetupError
from engine.store.readonly import blocked_as, print_of, voices_by_reference
from engine.voices import fingerprints
from engine.voices.blocklist import FOLDER, block, blocked_in, unblock
from engine.voices.recording_files import RecordingFiles

_WHOLE: Final = re.compile("[0-9a-f]{64}")
_PART: Final = re.compile("[0-9a-f]{8,64}")


def freeze(typed: str) -> int:
    """Bar the recording of this content hash, or of the only one that begins so. Raises SetupError
    where it is none, or there are several."""
    settings = load_settings()
    folder, database = _places(settings)
    voices = voices_by_reference(database)
    reference = _one(typed, {*voices, *_recordings(settings)})
    made = print_of(database, reference) or _computed(settings, reference)
    block(folder, reference, made)
    print(f"Frozen: {reference}. {_have_it(voices[reference])} A running bot ends what is")
    print("spoken in it within a second, and refuses the recording from anyone.")
    if made:
        print("It is recognized by its sound, also where it was changed a little.")
    else:
        print("The recording is not here: it is recognized by its bytes alone.")
    print(f"To take this back: mynah voices release {reference[:12]}")
    return 0


def release(typed: str) -> int:
    """Allow it again, and what was recognized as it. Raises SetupError likewise."""
    settings = load_settings()
    folder, database = _places(settings)
    voices = voices_by_reference(database)
    barred = blocked_in(folder)
    wanted = _one(typed, {*barred, *voices})
    # A voice may be silent because its recording was recognized as one that is frozen.
    released = [wanted] if wanted in barred else blocked_as(database, wanted)
    if not set(released) & barred:
        raise SetupError(f"{wanted} is not frozen.")
    for reference in released:
        unblock(folder, reference)
        print(f"Released: {reference}. {_have_it(voices[reference])}")
    return 0


def _places(settings: Settings) -> tuple[Path, Path]:
    """The operator's blocklist, and the database."""
    directory = settings.mynah_data_dir
    return directory / FOLDER, DataDirectory(directory).database


def _computed(settings: Settings, reference: str) -> bytes:
    """The fingerprint of a recording that no voice has; empty where it is away or unreadable."""
    recording_files = RecordingFiles(
        settings.mynah_references_dir, settings.mynah_data_dir / "references"
    )
    place = recording_files.path(reference)
    if place is None:
        return b""
    try:
        return asyncio.run(fingerprints.print_of(place))
    except BadRecording as error:
        print(f"The recording {place} gave no fingerprint. {error.user_message}")
        return b""


def _recordings(settings: Settings) -> set[str]:
    recording_files = RecordingFiles(
        settings.mynah_references_dir, settings.mynah_data_dir / "references"
    )
    return {*recording_files.kept(), *recording_files.kept_converted()}


def _one(typed: str, known: Collection[str]) -> str:
    """The hash that was meant. A whole one need not be known: it may come tomorrow."""
    wanted = typed.strip().lower().removesuffix(".wav")
    if _WHOLE.fullmatch(wanted):
        return wanted
    if not _PART.fullmatch(wanted):
        raise SetupError(
            f"{typed!r} is no content hash: that has 64 of the digits 0-9 and a-f. Its first 8 or "
            "more are enough; `mynah voices check` lists them."
        )
    found = sorted(each for each in known if each.startswith(wanted))
    if not found:
        raise SetupError(
            f"No recording has a hash that begins with {wanted}. `mynah voices check` lists them."
        )
    if len(found) > 1:
        raise SetupError(f"Several recordings begin with {wanted}: {', '.join(found)}.")
    return found[0]


def _have_it(count: int) -> str:
    return f"{count or 'No'} voice{' has' if count == 1 else 's have'} it."
