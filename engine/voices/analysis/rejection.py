"""Why a recording cannot be used: the one error of an analysis, with a code and fields.

The codes are those of `engine.model.errors`: the front end words them for the sender.
"""


class RecordingRejected(Exception):
    """The recording cannot be used."""

    def __init__(self, *, code: str, **fields: str | float) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields


class NoTrack(RecordingRejected):
    """The file has no such track."""

    def __init__(self) -> None:
        super().__init__(code="recording-without-sound")


class Unheard(RecordingRejected):
    """This track or channel cannot be used; another one of the same file may. If none can, the
    sender reads the error with the highest `rank` (seconds of speech)."""

    def __init__(self, *, code: str, rank: float = 0.0, **fields: str | float) -> None:
        super().__init__(code=code, **fields)
        self.rank = rank


def incomplete() -> RecordingRejected:
    return RecordingRejected(code="recording-incomplete")


def unreadable() -> RecordingRejected:
    return RecordingRejected(code="recording-unreadable")


def too_long(seconds: float) -> RecordingRejected:
    if seconds >= 120:
        return RecordingRejected(code="recording-too-long", unit="minutes", most=seconds / 60)
    return RecordingRejected(code="recording-too-long", unit="seconds", most=seconds)


def check_rate(rate: int) -> None:
    """Raises RecordingRejected unless the sample rate, in hertz, can be read."""
    if not 8_000 <= rate <= 192_000:
        raise RecordingRejected(code="recording-rate", rate=rate)


def check_channels(channels: int) -> None:
    """Raises RecordingRejected unless so many channels can be read."""
    if not 1 <= channels <= 8:
        raise RecordingRejected(code="recording-channels", channels=channels)
