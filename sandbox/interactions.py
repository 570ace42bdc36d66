"""Interactions: one use of a command, a button or a form, and the one answer it gets in time.

Knows: the three seconds, the fifteen minutes, which answer fits which interaction, and what the
token opens. Does not know: who may start one (`members`), or HTTP (`rest`).
Source: Discord's documentation, "Receiving and Responding".
"""

import base64
import secrets
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from sandbox import commands, components, interaction_payload, messages
from sandbox.clock import created_at
from sandbox.errors import ApiError, Form, Json, refusal
from sandbox.files import Upload
from sandbox.messages import EPHEMERAL, LOADING, Message

if TYPE_CHECKING:
    from sandbox.members import Member
    from sandbox.messageable import Messageable

ANSWER_SECONDS: Final = 3.0
TOKEN_SECONDS: Final = 15 * 60.0


class Kind(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    COMPLETION = 4
    MODAL = 5


class Answer(IntEnum):
    MESSAGE = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


_FITTING: Final = {
    Kind.COMMAND: (Answer.MESSAGE, Answer.DEFER, Answer.MODAL),
    Kind.COMPONENT: (
        Answer.MESSAGE,
        Answer.DEFER,
        Answer.DEFER_UPDATE,
        Answer.UPDATE,
        Answer.MODAL,
    ),
    Kind.COMPLETION: (Answer.CHOICES,),
    Kind.MODAL: (Answer.MESSAGE, Answer.DEFER, Answer.DEFER_UPDATE, Answer.UPDATE),
}


class Interaction:
    """One interaction, and what its member sees of it."""

    def __init__(
        self,
        kind: Kind,
        member: "Member",
        channel: "Messageable",
        data: Json,
        *,
        pressed: Message | None = None,
    ) -> None:
        self.world = member.world
        self.id = self.world.ids.draw()
        self.token = _token(self.id)
        self.kind = kind
        self.member = member
        self.channel = channel
        self.data = data
        self.pressed = pressed  # the message whose button it was
        self.answer: Answer | None = None
        self.answered_at: float | None = None  # the sandbox's clock
        #: The member was told that the application did not respond: three seconds are over.
        self.refused = False
        #: Codes of the answers that Discord refused.
        self.refusals: list[int] = []
        self.message: Message | None = None  # the original response
        self.followups: list[Message] = []
        self.choices: list[Json] = []
        self.modal: Json | None = None
        self.world.interactions[self.id] = self
        self.world.tokens[self.token] = self
        self.world.clock.call_at(self.created + ANSWER_SECONDS, self._lapse)

    @property
    def created(self) -> float:
        return created_at(self.id)

    @property
    def upload_limit(self) -> int:
        """The most bytes that a file of an answer may have: what the member or the place may."""
        return max(self.member.upload_limit, self.channel.upload_limit)

    # What its member sees

    @property
    def deferred(self) -> bool:
        """Whether the answer still shows "… is thinking"."""
        shown = self.message
        return shown is not None and shown.loading and not shown.deleted

    @property
    def content(self) -> str | None:
        return None if self.message is None else self.message.content

    @property
    def components(self) -> list[Json]:
        return [] if self.message is None else self.message.components

    @property
    def ephemeral(self) -> bool:
        return self.message is not None and self.message.ephemeral

    @property
    def edits(self) -> list[tuple[float, str]]:
        return [] if self.message is None else self.message.edits

    async def answered(self, timeout: float = 5.0) -> "Interaction":
        """Once Discord has accepted an answer, or told the member that none came in time
        (`refused`). A deferral is an answer."""
        await self.world.watch.until(
            lambda: self.answer is not None or self.refused, timeout, f"an answer to {self!r}"
        )
        return self

    async def original(self, timeout: float = 5.0) -> Message:
        """The original response, once it no longer shows "… is thinking"."""

        def ready() -> Message | None:
            return None if self.deferred else self.message

        message = await self.world.watch.until(ready, timeout, f"the answer to {self!r}")
        assert message is not None
        return message

    async def followup(self, timeout: float = 5.0) -> Message:
        """The first message that follows the answer."""
        await self.world.watch.until(lambda: self.followups, timeout, f"a followup of {self!r}")
        return self.followups[0]

    def __repr__(self) -> str:
        what = self.data.get("name") or self.data.get("custom_id")
        return f"<Interaction {what!r} of {self.member.name}>"

    def _lapse(self) -> None:
        if self.answer is None:
            self.refused = True
            self.world.watch.changed()

    # What the application does

    def respond(self, body: Json, files: list[Upload]) -> Json:
        """The callback. Returns what `with_response` shows. Raises 10062, 40060, 50035 and
        what a message's body raises."""
        try:
            return self._respond(body, files)
        except ApiError as error:
            self.refusals.append(error.body["code"])
            raise

    def _respond(self, body: Json, files: list[Upload]) -> Json:
        if self.answer is not None:
            raise refusal(40060)
        if self.world.clock.time() > self.created + ANSWER_SECONDS:
            raise refusal(10062)
        form = Form()
        form.choice("type", body.get("type"), tuple(map(int, _FITTING[self.kind])))
        form.settle()
        answer = Answer(body["type"])
        if answer in (Answer.DEFER_UPDATE, Answer.UPDATE) and self.pressed is None:
            form.fault("type", "BASE_TYPE_CHOICES", "There is no message to update.")
            form.settle()
        self._take(answer, body.get("data") or {}, files)
        self.answer = answer
        self.answered_at = self.world.clock.time()
        self.world.watch.changed()
        return interaction_payload.callback(self, answer)

    def _take(self, answer: Answer, data: Json, files: list[Upload]) -> None:
        bot = self.channel.bot
        if answer is Answer.MESSAGE:
            self.message = messages.create(self.channel, bot, data, files, interaction=self)
        elif answer is Answer.DEFER:
            self.message = self._thinking(int(data.get("flags") or 0) & EPHEMERAL)
        elif answer is Answer.UPDATE:
            assert self.pressed is not None
            messages.edit(self.pressed, data, files)
            self.message = self.pressed
        elif answer is Answer.DEFER_UPDATE:
            self.message = self.pressed
        elif answer is Answer.CHOICES:
            form = Form()
            kind = _focused(self.data["options"])["type"]
            commands.check_choices(form.at("data"), data.get("choices"), kind)
            form.settle()
            self.choices = data["choices"]
        else:
            form = Form()
            components.check_modal(form.at("data"), data)
            form.settle()
            self.modal = data

    def _thinking(self, ephemeral: int) -> Message:
        bot, world = self.channel.bot, self.world
        message = Message(self.channel, bot, world.ids.draw(), interaction=self)
        message.flags = LOADING | ephemeral
        world.messages[message.id] = message
        if ephemeral:
            message.viewer = self.member
        else:
            self.channel.messages.append(message)
        message.publish("CREATE")
        return message

    def open(self) -> None:
        """Check that the token still opens anything. Raises 50027 after fifteen minutes, 10015
        where the interaction was never answered."""
        if self.world.clock.time() > self.created + TOKEN_SECONDS:
            raise refusal(50027)
        if self.answer is None:
            raise refusal(10015)

    def find(self, message_id: str) -> Message:
        """A message of this interaction, by id or `@original`. Raises 10008."""
        own = [*([self.message] if self.message else []), *self.followups]
        for each in own:
            if message_id in ("@original", str(each.id)) and not each.deleted:
                return each
            if message_id == "@original":
                break
        raise refusal(10008)

    def follow_up(self, body: Json, files: list[Upload]) -> Message:
        """A further message. The first one after a deferral becomes the original response."""
        if self.deferred:
            assert self.message is not None
            messages.edit(self.message, body, files)
            return self.message
        bot = self.channel.bot
        message = messages.create(self.channel, bot, body, files, interaction=self)
        self.followups.append(message)
        self.world.watch.changed()
        return message

    # What Discord writes about it

    def metadata(self) -> Json:
        """A message's `interaction_metadata`."""
        return interaction_payload.metadata(self)

    def payload(self) -> Json:
        """INTERACTION_CREATE."""
        return interaction_payload.create(self)


def _token(interaction_id: int) -> str:
    """As Discord's look: base64 of "interaction:", the id, and what nobody can guess."""
    words = f"interaction:{interaction_id}:{secrets.token_urlsafe(60)}"
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def _focused(options: Any) -> Json:
    for each in options:
        if each.get("focused"):
            return dict(each)
        if "options" in each:
            return _focused(each["options"])
    raise LookupError("no option is being typed")
