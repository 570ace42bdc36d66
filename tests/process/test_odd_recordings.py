"""Recordings as programs and phones really leave them are accepted; the same, cut off, are
refused."""

from pathlib import Path

import pytest

from engine.model.errors import BadRecording
from engine.voices.analysis_process import NotAnalyzed
from engine.voices.recording_analyzer import Analyzed, RecordingAnalyzer, RecordingLimits
from tests.process import odd
from tests.process.recorded import converted
from tests.process.test_recordings import analyze, names


@pytest.mark.parametrize("name", odd.ODD)
async def test_odd_recording_serves_as_a_plain_one_does(tmp_path: Path, name: str) -> None:
    analyzed = await analyze(tmp_path, odd.ODD[name]())
    assert analyzed.analysis.speech == pytest.approx(8.2, abs=0.4)
    assert analyzed.analysis.loudness == pytest.approx(-20.8, abs=0.6)
    assert analyzed.analysis.snr > 30
    assert "advice-quiet" not in [each.code for each in analyzed.advice]


@pytest.mark.parametrize("name", odd.PAUSED)
async def test_silences_that_were_not_sent_are_not_missed(tmp_path: Path, name: str) -> None:
    analyzed = await analyze(tmp_path, odd.PAUSED[name]())
    assert analyzed.analysis.speech == pytest.approx(5.7, abs=0.4)


@pytest.mark.parametrize("share", [0.5, 0.75, 0.9])
@pytest.mark.parametrize("name", odd.CUT)
async def test_recording_that_was_cut_off_is_refused(
    tmp_path: Path, name: str, share: float
) -> None:
    data = odd.CUT[name]()
    with pytest.raises(BadRecording) as raised:
        await analyze(tmp_path, odd.cut_off(data, share))
    assert not isinstance(raised.value, NotAnalyzed)
    assert raised.value.code == "recording-incomplete"
    assert names(tmp_path) == ["upload"]


@pytest.mark.parametrize("name", odd.CUT)
async def test_whole_of_what_is_refused_in_part_is_kept(tmp_path: Path, name: str) -> None:
    assert (await analyze(tmp_path, odd.CUT[name]())).analysis.speech > 5


async def analyze_four_tracks(folder: Path, data: bytes) -> Analyzed:
    """With a limit of 40 s, of which the first 20 of each track are listened to."""
    source = folder / "upload"
    source.write_bytes(data)
    limits = RecordingLimits(bytes=len(data), seconds=40)
    return await RecordingAnalyzer(limits, work_seconds=60).analyze(source, folder / "kept.wav")


async def test_track_is_chosen_by_its_beginning_and_kept_for_what_follows(tmp_path: Path) -> None:
    analyzed = await analyze_four_tracks(tmp_path, odd.late(30, first=3))
    assert analyzed.analysis.source == "flac, 22050 Hz, mono, 38.3 s, track 3"
    assert analyzed.analysis.speech == pytest.approx(8.2, abs=0.4)


async def test_many_tracks_that_speak_late_are_refused_by_a_sentence_that_is_true(
    tmp_path: Path,
) -> None:
    with pytest.raises(BadRecording, match="recording-late-speech"):
        await analyze_four_tracks(tmp_path, odd.late(30))


async def test_recordings_that_follow_each_other_in_one_file_are_both_heard(
    tmp_path: Path,
) -> None:
    whole = converted("mp3")
    analyzed = await analyze(tmp_path, whole[:-3] + whole)
    assert analyzed.analysis.speech == pytest.approx(16.5, abs=0.6)
    with pytest.raises(BadRecording, match="incomplete"):
        await analyze(tmp_path, whole + odd.cut_off(whole, 0.5))


async def test_index_of_a_longer_recording_does_not_excuse_a_torn_frame(tmp_path: Path) -> None:
    """Not even one that lacks only what many writers leave out."""
    with pytest.raises(BadRecording, match="incomplete"):
        await analyze(tmp_path, odd.mp3_with_the_head_of_a_longer_one()[:-3])
