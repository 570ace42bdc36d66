"""The arithmetic of the measurements, without a measurement."""

from array import array

import pytest

from bench.channels import lateness
from bench.report import percentile


def test_a_stream_that_keeps_its_beat_is_never_late() -> None:
    arrivals = array("d", [10.0, 10.02, 10.04, 10.06])
    assert lateness(arrivals, since=0.0) == pytest.approx([0.0, 0.0, 0.0, 0.0])


def test_a_frame_is_late_by_what_it_took_longer_than_the_quickest() -> None:
    arrivals = array("d", [10.005, 10.02, 10.07, 10.06])
    assert lateness(arrivals, since=0.0) == pytest.approx([0.005, 0.0, 0.03, 0.0])


def test_frames_after_a_lost_one_count_as_late() -> None:
    arrivals = array("d", [10.0, 10.02, 10.06, 10.08])
    assert lateness(arrivals, since=0.0) == pytest.approx([0.0, 0.0, 0.02, 0.02])


def test_only_frames_of_the_window_are_looked_at() -> None:
    arrivals = array("d", [10.0, 10.5, 10.52])
    assert lateness(arrivals, since=10.2) == pytest.approx([0.0, 0.0])


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.75, 3), (0.76, 4), (1.0, 4)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert percentile([4, 1, 3, 2], share) == value
