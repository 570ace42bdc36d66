"""The encrypted group of a channel, driven without sockets: which clients can decrypt which others,
while people come and go."""

import asyncio
import random

import davey

from sandbox.protocol.voice.group import Commit, Group
from sandbox.protocol.voice.listener import Listener
from sandbox.protocol.voice.recording import Recording

CHANNEL, BOT = 77, 900
SPEECH = b"\xfc" + bytes(range(40))


class Client:
    """A client's side of the group's messages, as discord.py handles them."""

    simulated = False

    def __init__(self, user_id: int, group: Group) -> None:
        self.user_id = user_id
        self.group = group
        self.executed: list[int] = []
        self.welcomed = asyncio.Event()
        self.session = davey.DaveSession(1, user_id, CHANNEL)

    def meet(self, external_sender: bytes) -> None:
        self.session.set_external_sender(external_sender)
        self.group.offer(self.user_id, self.session.get_serialized_key_package())

    def consider(self, proposals: bytes) -> Commit | None:
        # Its own commit is too late by protocol; it still makes it, like a real client.
        self.session.process_proposals(davey.ProposalsOperationType.append, proposals)
        return None

    def announce(self, transition: int, commit: bytes) -> None:
        self.session.process_commit(commit)
        self.group.ready(self.user_id, transition)

    def welcome(self, transition: int, welcome: bytes) -> None:
        self.session.process_welcome(welcome)
        self.welcomed.set()
        self.group.ready(self.user_id, transition)

    def restart(self) -> None:
        self.session.reinit(1, self.user_id, CHANNEL)
        self.group.offer(self.user_id, self.session.get_serialized_key_package())

    def execute(self, transition: int) -> None:
        self.executed.append(transition)

    def speak(self, *listeners: Listener) -> None:
        payload = self.session.encrypt_opus(SPEECH) if self.session.ready else SPEECH
        for listener in listeners:
            listener.hear(0.0, 0, 0, self.user_id, payload)


def listen(group: Group, user_id: int) -> Listener:
    listener = Listener(user_id, CHANNEL, Recording(user_id), group.offer)
    group.join(listener)
    return listener


def heard(listener: Listener) -> int:
    return len(listener.recording.packets())


def test_a_member_alone_has_no_keys() -> None:
    """A client that is alone in the channel cannot encrypt."""
    group = Group(CHANNEL)
    bot = Client(BOT, group)
    group.join(bot)
    assert not bot.session.ready
    assert group.epoch == 0


def test_whoever_comes_first_both_end_in_one_group() -> None:
    """It does not matter whether the listener or the client is there first."""
    for listener_first in (True, False):
        group = Group(CHANNEL)
        bot = Client(BOT, group)
        if listener_first:
            anne = listen(group, 1)
            group.join(bot)
        else:
            group.join(bot)
            anne = listen(group, 1)
        bot.speak(anne)
        assert anne.recording.packets() == [SPEECH]


def test_frames_in_the_clear_are_not_heard() -> None:
    """No listener hears a client that ignores the group."""
    group = Group(CHANNEL)
    anne = listen(group, 1)
    anne.hear(0.0, 0, 0, BOT, SPEECH)
    assert (heard(anne), anne.recording.undecodable) == (0, 1)


def test_who_left_hears_no_more_and_who_came_hears_from_then_on() -> None:
    """Keys change with every change of the members."""
    group = Group(CHANNEL)
    anne, bert = listen(group, 1), listen(group, 2)
    bot = Client(BOT, group)
    group.join(bot)
    bot.speak(anne, bert)
    group.leave(bert)
    bot.speak(anne, bert)
    carl = listen(group, 3)
    bot.speak(anne, bert, carl)
    assert (heard(anne), heard(bert), heard(carl)) == (3, 1, 1)


def test_when_all_listeners_left_the_client_loses_its_keys_and_gets_new_ones() -> None:
    """A sole member's group is taken down; the next listener founds another."""
    group = Group(CHANNEL)
    anne = listen(group, 1)
    bot = Client(BOT, group)
    group.join(bot)
    group.leave(anne)
    assert not bot.session.ready
    bert = listen(group, 2)
    bot.speak(bert)
    assert heard(bert) == 1


def test_a_client_that_comes_back_under_the_same_user_is_taken_out_and_in() -> None:
    """A rejoined client, with new keys, is heard."""
    group = Group(CHANNEL)
    anne = listen(group, 1)
    group.join(Client(BOT, group))
    again = Client(BOT, group)
    group.join(again)
    again.speak(anne)
    assert heard(anne) == 1


def test_a_client_that_could_not_follow_recovers_with_a_new_key_package() -> None:
    """What follows opcode 31: one commit removes the member and adds it again."""
    group = Group(CHANNEL)
    anne, bert = listen(group, 1), listen(group, 2)
    bot = Client(BOT, group)
    group.join(bot)
    epoch = group.epoch
    bot.restart()
    bot.speak(anne, bert)
    assert (heard(anne), heard(bert), group.epoch) == (1, 1, epoch + 1)


def test_a_transition_is_executed_when_every_client_is_ready() -> None:
    """After a commit in which clients took part, they are told to execute it."""
    group = Group(CHANNEL)
    bot = Client(BOT, group)
    listen(group, 1)
    group.join(bot)
    listen(group, 2)
    listen(group, 3)
    assert bot.executed == [1, 2]


async def test_a_delayed_group_forms_once_for_all_who_came_meanwhile() -> None:
    """With a delay, no member has keys at once, and one commit adds all."""
    group = Group(CHANNEL, delay=0.01)
    anne, bert = listen(group, 1), listen(group, 2)
    bot = Client(BOT, group)
    group.join(bot)
    assert not bot.session.ready
    await asyncio.wait_for(bot.welcomed.wait(), 5)
    bot.speak(anne, bert)
    assert (heard(anne), heard(bert), group.epoch) == (1, 1, 1)


def test_everyone_present_hears_everyone_however_they_came_and_went() -> None:
    """Over many random joins, leaves and rejoins each client is heard by each listener."""
    dice = random.Random(20)
    group = Group(CHANNEL)
    listeners: dict[int, Listener] = {}
    clients: dict[int, Client] = {}
    for _ in range(80):
        user = dice.randrange(1, 7)
        if user in listeners:
            group.leave(listeners.pop(user))
        elif user < 5:
            listeners[user] = listen(group, user)
        elif user in clients and dice.random() < 0.5:
            group.leave(clients.pop(user))
        else:
            clients[user] = Client(user, group)
            group.join(clients[user])
        assert sorted(group.present) == sorted([*listeners, *clients])
        for client in clients.values():
            before = {each: heard(listener) for each, listener in listeners.items()}
            client.speak(*listeners.values())
            assert {
                each: heard(listener) - before[each] for each, listener in listeners.items()
            } == dict.fromkeys(listeners, 1)
