"""Interactions at the API: the three seconds, the fifteen minutes, and which answers fit.

Does not know: who may start one (`client`), or HTTP (`rest`).
Source: Discord's documentation, "Receiving and Responding".
"""

from typing import Any, Final

from sandbox.model import Json
from sandbox.model.files import Upload
from sandbox.model.interaction import Answer, Interaction, Kind
from sandbox.model.message import EPHEMERAL, Message
from sandbox.model.world import World
from sandbox.protocol import commands, components, messages
from sandbox.protocol.errors import ApiError, Form, refusal

ANSWER_SECONDS: Final = 3.0
TOKEN_SECONDS: Final = 15 * 60.0
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


def begin(world: World, interaction: Interaction) -> None:
    """Register an interaction, tell the bot, and tell the member if no answer comes in time."""

    def lapse() -> None:
        if interaction.answer is None:
            interaction.refused = True
            world.watch.changed()

    world.interactions[interaction.token] = interaction
    world.clock.call_at(interaction.created + ANSWER_SECONDS, lapse)
    guild_id = interaction.channel.guild_id
    world.events.dispatch("INTERACTION_CREATE", interaction.payload(), guild_id=guild_id)


def respond(world: World, interaction: Interaction, body: Json, files: list[Upload]) -> Json:
    """The callback. Returns what `with_response` shows. Raises 10062, 40060, 50035, and what a
    message's body raises."""
    try:
        answer = _checked(world, interaction, body)
        _take(world, interaction, answer, body.get("data") or {}, files)
    except ApiError as error:
        interaction.refusals.append(error.body["code"])
        raise
    interaction.answer = answer
    interaction.answered_at = world.clock.time()
    world.watch.changed()
    return _callback_payload(interaction, answer)


def _checked(world: World, interaction: Interaction, body: Json) -> Answer:
    if interaction.answer is not None:
        raise refusal(40060)
    if world.clock.time() > interaction.created + ANSWER_SECONDS:
        raise refusal(10062)
    form = Form()
    form.choice("type", body.get("type"), tuple(map(int, _FITTING[interaction.kind])))
    form.settle()
    answer = Answer(body["type"])
    if answer in (Answer.DEFER_UPDATE, Answer.UPDATE) and interaction.pressed is None:
        form.fault("type", "BASE_TYPE_CHOICES", "There is no message to update.")
        form.settle()
    return answer


def _take(
    world: World, interaction: Interaction, answer: Answer, data: Json, files: list[Upload]
) -> None:
    form = Form()
    if answer is Answer.MESSAGE:
        interaction.message = _create(world, interaction, data, files)
    elif answer is Answer.DEFER:
        ephemeral = int(data.get("flags") or 0) & EPHEMERAL
        interaction.message = messages.create_thinking(world, interaction, ephemeral)
    elif answer is Answer.UPDATE:
        assert interaction.pressed is not None
        messages.edit(interaction.pressed, data, files)
        interaction.message = interaction.pressed
    elif answer is Answer.DEFER_UPDATE:
        interaction.message = interaction.pressed
    elif answer is Answer.CHOICES:
        kind = _focused(interaction.data["options"])["type"]
        commands.check_choices(form.at("data"), data.get("choices"), kind)
        form.settle()
        interaction.choices = data["choices"]
    else:
        components.check_modal(form.at("data"), data)
        form.settle()
        interaction.modal = data


def _create(world: World, interaction: Interaction, body: Json, files: list[Upload]) -> Message:
    channel = interaction.channel
    return messages.create(world, channel, channel.bot, body, files, interaction=interaction)


def by_token(world: World, token: str) -> Interaction:
    """The interaction whose token still works. Raises 50027 after fifteen minutes, 10015 if
    there is none, or if it has no answer."""
    interaction = world.interactions.get(token)
    if interaction is not None and world.clock.time() > interaction.created + TOKEN_SECONDS:
        raise refusal(50027)
    if interaction is None or interaction.answer is None:
        raise refusal(10015)
    return interaction


def find(interaction: Interaction, message_id: str) -> Message:
    """A message of this interaction, by id or `@original`. Raises 10008."""
    own = [*([interaction.message] if interaction.message else []), *interaction.followups]
    for each in own:
        if message_id in ("@original", str(each.id)) and not each.deleted:
            return each
        if message_id == "@original":
            break
    raise refusal(10008)


def follow_up(world: World, interaction: Interaction, body: Json, files: list[Upload]) -> Message:
    """A further message. The first one after a deferral becomes the original response."""
    if interaction.deferred:
        assert interaction.message is not None
        messages.edit(interaction.message, body, files)
        return interaction.message
    message = _create(world, interaction, body, files)
    interaction.followups.append(message)
    world.watch.changed()
    return message


def _callback_payload(interaction: Interaction, answer: Answer) -> Json:
    about: Json = {"id": str(interaction.id), "type": int(interaction.kind)}
    resource: Json = {"type": int(answer)}
    message = interaction.message
    if message is not None:
        about |= {
            "response_message_id": str(message.id),
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral,
        }
        if answer in (Answer.MESSAGE, Answer.UPDATE):
            resource["message"] = message.payload()
    return {"interaction": about, "resource": resource}


def _focused(options: Any) -> Json:
    for each in options:
        if each.get("focused"):
            return dict(each)
        if "options" in each:
            return _focused(each["options"])
    raise LookupError("the member is typing into no option")
