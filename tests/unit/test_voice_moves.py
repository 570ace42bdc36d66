"""Which voice states the bot's own requests explain."""

from bot.voice.pending_requests import PendingVoiceRequests


def test_a_state_that_nobody_asked_for_was_made_by_somebody_else() -> None:
    assert not PendingVoiceRequests().explain(None)


def test_each_request_explains_one_state() -> None:
    moves = PendingVoiceRequests()
    moves.asked(1)
    assert moves.explain(1)
    assert not moves.explain(1)


def test_leaving_and_joining_again_is_explained_in_order() -> None:
    moves = PendingVoiceRequests()
    moves.asked(None)
    moves.asked(1)
    assert moves.explain(None)
    assert moves.explain(1)
    assert not moves.explain(None)


def test_a_leave_that_was_never_answered_does_not_excuse_a_later_disconnect() -> None:
    moves = PendingVoiceRequests()
    moves.asked(None)
    moves.asked(1)
    assert moves.explain(1)
    assert not moves.explain(None)


def test_a_new_session_answers_nothing_of_the_old_one() -> None:
    moves = PendingVoiceRequests()
    moves.asked(None)
    moves.forget()
    assert not moves.explain(None)
