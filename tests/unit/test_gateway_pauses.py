"""How soon the bot tries the gateway again, after a connection that could not be read."""

from bot.discord_io.gateway import WELL_AFTER, Pauses

DAY = 86_400
#: Discord resets the token of a bot that identifies more often in a day.
MOST_IDENTIFIES = 1_000


def test_pauses_grow_and_keep_below_what_discord_allows_in_a_day() -> None:
    pauses, now, tries = Pauses(), 0.0, 0
    before = 0.0
    while now < DAY:
        seconds = pauses.next(now)
        assert seconds >= before
        now, tries, before = now + seconds, tries + 1, seconds
    assert tries < MOST_IDENTIFIES


def test_after_a_while_without_trouble_they_begin_anew() -> None:
    pauses = Pauses()
    first = pauses.next(0.0)
    second = pauses.next(first)
    assert second > first
    assert pauses.next(first + second + WELL_AFTER + 1) == first
