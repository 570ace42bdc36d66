"""What the bytes of a file say of themselves, before anything decodes it.

Knows: the signatures of files that are not recordings, and which module checks which format. Does
not know: how to decode any of them. Doubtful files are left to ffmpeg.

ffmpeg reads what is left of a truncated file without a warning. A recording that arrived in part is
rejected all the same, because its owner can send all of it. Two things prove that a file was cut
off: a size that was filled in and reaches beyond the end of the file, and an incomplete last frame,
page or box. A declared duration proves nothing: silences that were not sent, a late start and the
index of a longer file are legitimate.
"""

from typing import Final

from engine.voices.analysis import chunks, frames, wav
from engine.voices.analysis.rejection import RecordingRejected

_ARCHIVES: Final = (b"PK\3\4", b"PK\5\6", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF")
_LISTS: Final = ("#extm3u", "ffconcat", "[playlist]", "<?xml", "<svg", "<mpd", "<smil", "<asx")
_LOOKED_AT: Final = 1024  # bytes, for text


def check(data: bytes) -> bytes | None:
    """The file rewritten so that ffmpeg can read it; None if ffmpeg can read it as it is.

    Raises RecordingRejected if the file is certainly not a complete recording.
    """
    if data.startswith(_ARCHIVES) or data[257:262] == b"ustar":
        raise RecordingRejected(code="archive-not-recording")
    if data.startswith(_PICTURES):
        raise RecordingRejected(code="picture-not-recording")
    if wav.is_wav(data):
        return wav.plain(data)
    if chunks.is_aiff(data):
        return chunks.filled_aiff(data)
    if data.startswith(b"RIFF") and data[8:12] == b"AVI ":
        chunks.check_avi(data)
    elif data.startswith(b".snd"):
        chunks.check_au(data)
    elif data.startswith(b"caff"):
        chunks.check_caf(data)
    elif chunks.is_asf(data):
        chunks.check_asf(data)
    elif data.startswith(b"OggS"):
        frames.check_ogg(data)
    elif chunks.is_mp4(data):
        chunks.check_mp4(data)
    elif chunks.is_matroska(data):
        chunks.check_matroska(data)
    elif frames.is_mp3(data):
        frames.check_mp3(data)
    elif frames.is_adts(data):
        frames.check_adts(data)
    else:
        _check_text(data)
    return None


def _check_text(data: bytes) -> None:
    try:
        text = data[:_LOOKED_AT].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < min(len(data), _LOOKED_AT) - 4:
            return
        text = data[: error.start].decode("utf-8-sig")
    if any(ord(each) < 32 and each not in "\t\n\r\f\v\x1b" for each in text):
        return
    if text.lstrip().lower().startswith(_LISTS):
        raise RecordingRejected(code="playlist-not-recording")
    raise RecordingRejected(code="text-not-recording")
