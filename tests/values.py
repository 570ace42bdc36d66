"""A voice and the analysis of its recording, as values that tests change by `replace`.

Knows: every field. Does not know: the subject of a test.
"""

from engine.model.voices import RecordingAnalysis, Scope, Voice

#: A good recording.
REPORT = RecordingAnalysis(
    seconds=8.0,
    speech=7.0,
    noise=-60.0,
    snr=40.0,
    loudness=-23.0,
    clipping=0.0,
    source="wav, 24000 Hz",
)
VOICE = Voice(
    id=12,
    owner="ada",
    name="Ada",
    reference="a" * 64,
    scope=Scope.PRIVATE,
    place=None,
    members=frozenset(),
    style={},
    analysis=REPORT,
    created_at=0.0,
)
