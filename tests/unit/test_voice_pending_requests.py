"""Which voice states are explained by the bot's own requests."""

from bot.voice.requests import PendingVoiceRequests


def test_a_state_that_nobody_asked_for_was_made_by_somebody_else() -> None:
    assert not PendingVoiceRequests().explain(None)


def test_each_request_explains_one_state() -> None:
    requests = PendingVoiceRequests()
    requests.requested(1)
    assert requests.explain(1)
    assert not requests.explain(1)


def test_leaving_and_joining_again_is_explained_in_order() -> None:
    requests = PendingVoiceRequests()
    requests.requested(None)
    requests.requested(1)
    assert requests.explain(None)
    assert requests.explain(1)
    assert not requests.explain(None)


def test_a_leave_that_was_never_answered_does_not_excuse_a_later_disconnect() -> None:
    requests = PendingVoiceRequests()
    requests.requested(None)
    requests.requested(1)
    assert requests.explain(1)
    assert not requests.explain(None)


def test_a_new_session_answers_nothing_of_the_old_one() -> None:
    requests = PendingVoiceRequests()
    requests.requested(None)
    requests.forget()
    assert not requests.explain(None)
