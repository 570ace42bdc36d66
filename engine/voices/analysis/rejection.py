"""The one error of an examination. Knows: sentences for people. Does not know: who gets them."""

from typing import Final

#: What every format can be sent as instead.
SAVE_ANEW: Final = "Save the recording anew, such as WAV, MP3 or M4A, and send that."


class RecordingRejected(Exception):
    """The recording cannot serve. The text says what is wrong, and what to do next."""


class NoTrack(RecordingRejected):
    """The file has no such track."""

    def __init__(self) -> None:
        super().__init__("There is no sound in this file. Send a recording, or a video with sound.")


class Unheard(RecordingRejected):
    """This track or channel cannot serve; another one of the same file may. Of those that cannot,
    the one of the highest rank (seconds of speech) has the word."""

    def __init__(self, text: str, *, rank: float = 0.0) -> None:
        super().__init__(text)
        self.rank = rank


class Silent(Unheard):
    """It was decoded, and nothing can be heard in it."""


def incomplete() -> RecordingRejected:
    return RecordingRejected(
        "The file is incomplete: it breaks off before its own end, or says that it is longer than "
        "it is. Save the recording anew, or copy it again, and send that."
    )


def unreadable() -> RecordingRejected:
    return RecordingRejected(
        f"This is no sound file that can be read here, or it is damaged. {SAVE_ANEW}"
    )


def too_long(seconds: float) -> RecordingRejected:
    limit = f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} seconds"
    return RecordingRejected(
        f"The recording is longer than {limit}. Cut it to about 20 seconds of clear speech, and "
        "send those."
    )


def check_rate(rate: int) -> None:
    """Raises Unfit."""
    if not 8_000 <= rate <= 192_000:
        raise RecordingRejected(
            f"The recording has a sample rate of {rate} Hz; 8,000 to 192,000 can be read. Save it "
            "with 44,100 or 48,000 Hz, and send that."
        )


def check_channels(channels: int) -> None:
    """Raises Unfit."""
    if not 1 <= channels <= 8:
        raise RecordingRejected(
            f"The recording has {channels} channels; 1 to 8 can be read. Save it as mono or "
            "stereo, and send that."
        )
