"""Why a recording cannot be used: the one error of an analysis, with a sentence for its sender."""

from typing import Final

#: The formats that anybody can send instead.
SAVE_AGAIN: Final = "Save the recording again as WAV, MP3 or M4A, and send that."


class RecordingRejected(Exception):
    """The recording cannot be used. The text says what is wrong, then what to do."""


class NoTrack(RecordingRejected):
    """The file has no such track."""

    def __init__(self) -> None:
        super().__init__("There is no sound in this file. Send a recording, or a video with sound.")


class Unheard(RecordingRejected):
    """This track or channel cannot be used; another one of the same file may. If none can, the
    sender reads the error with the highest `rank` (seconds of speech)."""

    def __init__(self, text: str, *, rank: float = 0.0) -> None:
        super().__init__(text)
        self.rank = rank


class Silent(Unheard):
    """The file was decoded, and nothing can be heard in it."""


def incomplete() -> RecordingRejected:
    return RecordingRejected(
        "The file is incomplete: it ends too early, or says that it is longer than it is. Save the "
        "recording again, or copy it again, and send that."
    )


def unreadable() -> RecordingRejected:
    return RecordingRejected(f"This is not a readable sound file, or it is damaged. {SAVE_AGAIN}")


def too_long(seconds: float) -> RecordingRejected:
    limit = f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} seconds"
    return RecordingRejected(
        f"The recording is longer than {limit}. Cut it to about 20 seconds of clear speech, and "
        "send those."
    )


def check_rate(rate: int) -> None:
    """Raises RecordingRejected unless the sample rate, in hertz, can be read."""
    if not 8_000 <= rate <= 192_000:
        raise RecordingRejected(
            f"The recording has a sample rate of {rate} Hz; 8,000 to 192,000 Hz can be read. Save "
            "it with 44,100 or 48,000 Hz, and send that."
        )


def check_channels(channels: int) -> None:
    """Raises RecordingRejected unless so many channels can be read."""
    if not 1 <= channels <= 8:
        raise RecordingRejected(
            f"The recording has {channels} channels; 1 to 8 can be read. Save it as mono or "
            "stereo, and send that."
        )
