"""Routes of messages: in channels with the bot's token, and under interactions with theirs.

Knows: the rights that each needs, and the limits on edits of old messages and on nonces.
Does not know: what makes a message or an answer valid (`messages`, `interactions`).
"""

from typing import TYPE_CHECKING, Final

from sandbox import messages
from sandbox.calls import Call, Finder, Handler, Reply
from sandbox.channels import Channel
from sandbox.errors import ApiError, Json, refusal
from sandbox.messageable import Messageable
from sandbox.messages import Message
from sandbox.permissions import Permission

if TYPE_CHECKING:
    from sandbox.world import World

HOUR: Final = 3600.0
#: Edits of messages older than an hour, a channel. Discord does not say; a bot that edits many
#: measured "3 edits per channel per 20 seconds" (circuitsacul/starboard-4#118).
OLD_EDITS, OLD_EDITS_SECONDS = 3, 20.0
#: How long a nonce with `enforce_nonce` makes a second message of the same the first one again.
NONCE_SECONDS: Final = 300.0


class MessageRoutes:
    """Channels' messages, callbacks, and what a token opens."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._find = Finder(world)

    def routes(self) -> list[tuple[str, str, Handler]]:
        channel, webhook = "/channels/{channel}", "/webhooks/{application}/{token}"
        return [
            ("POST", "/interactions/{interaction}/{token}/callback", self._callback),
            ("POST", webhook, self._follow_up),
            ("GET", webhook + "/messages/{message}", self._token_message),
            ("PATCH", webhook + "/messages/{message}", self._edit_token_message),
            ("DELETE", webhook + "/messages/{message}", self._delete_token_message),
            ("GET", channel, self._channel),
            ("GET", channel + "/messages", self._messages),
            ("POST", channel + "/messages", self._send),
            ("GET", channel + "/messages/{message}", self._message),
            ("PATCH", channel + "/messages/{message}", self._edit),
            ("DELETE", channel + "/messages/{message}", self._delete),
            ("POST", channel + "/typing", self._typing),
            ("POST", "/users/@me/channels", self._open_direct),
        ]

    # Interactions

    def _callback(self, call: Call) -> Reply:
        interaction = self._world.interactions.get(call.id("interaction"))
        if interaction is None or interaction.token != call.args["token"]:
            raise refusal(10062)
        shown = interaction.respond(call.body, call.files)
        return shown if call.query.get("with_response") in ("1", "true", "True") else None

    def _follow_up(self, call: Call) -> Reply:
        interaction = self._find.interaction(call)
        message = interaction.follow_up(call.body, call.files)
        return message.payload()

    def _token_message(self, call: Call) -> Reply:
        return self._find.interaction(call).find(call.args["message"]).payload()

    def _edit_token_message(self, call: Call) -> Reply:
        message = self._find.interaction(call).find(call.args["message"])
        messages.edit(message, call.body, call.files)
        return message.payload()

    def _delete_token_message(self, call: Call) -> Reply:
        self._find.interaction(call).find(call.args["message"]).remove()
        return None

    # Messages

    def _channel(self, call: Call) -> Reply:
        return self._find.channel(call).payload()

    def _open_direct(self, call: Call) -> Reply:
        """Direct messages with a user. Whether they take any shows only at the first one."""
        recipient = str(call.body.get("recipient_id"))
        user = self._world.users.get(int(recipient)) if recipient.isdigit() else None
        if user is None:
            raise refusal(50033)
        if user.is_bot:
            raise refusal(50007)
        return user.dm.payload()

    def _messages(self, call: Call) -> Reply:
        channel = self._find.channel(call, Permission.READ_MESSAGE_HISTORY)
        newest = channel.messages[::-1][: int(call.query.get("limit", 50))]
        return [each.payload() for each in newest]

    def _message(self, call: Call) -> Reply:
        return self._find.message(call, Permission.READ_MESSAGE_HISTORY).payload()

    def _send(self, call: Call) -> Reply:
        channel = self._find.channel(call)
        extra = Permission.ATTACH_FILES if call.files else Permission.NONE
        if call.body.get("embeds"):
            extra |= Permission.EMBED_LINKS
        channel.check_sending(extra)
        if earlier := self._with_nonce(channel, call.body):
            return earlier.payload()
        message = messages.create(channel, channel.bot, call.body, call.files)
        if isinstance(channel, Channel):
            channel.archive(False)  # writing opens an archived thread again
        return message.payload()

    def _with_nonce(self, channel: Messageable, body: Json) -> Message | None:
        """The message that the bot sent with the same enforced nonce a short while ago."""
        if not body.get("enforce_nonce") or body.get("nonce") is None:
            return None
        since = self._world.clock.time() - NONCE_SECONDS
        for each in channel.messages:
            if each.nonce == str(body["nonce"]) and each.created > since:
                return each
        return None

    def _edit(self, call: Call) -> Reply:
        message = self._find.message(call)
        channel = message.channel
        if not message.author.is_client:
            raise refusal(50005)
        if channel.archived:
            raise refusal(50083)
        if call.files and Permission.ATTACH_FILES not in channel.permissions_of(channel.bot):
            raise refusal(50013)
        self._check_age(message)
        messages.edit(message, call.body, call.files)
        return message.payload()

    def _check_age(self, message: Message) -> None:
        """Old messages can be edited, but seldom. The refusal is a 429 of another kind, which
        carries its own code (reports: "429 Too Many Requests (error code: 30046)")."""
        now = self._world.clock.time()
        if now - message.created < HOUR:
            return
        channel = message.channel
        channel.old_edits = [each for each in channel.old_edits if now - each < OLD_EDITS_SECONDS]
        if len(channel.old_edits) >= OLD_EDITS:
            text = "Maximum number of edits to messages older than 1 hour reached. Try again later."
            raise ApiError(429, 30046, text)
        channel.old_edits.append(now)

    def _delete(self, call: Call) -> Reply:
        message = self._find.message(call)
        if not message.author.is_client:
            self._find.channel(call, Permission.MANAGE_MESSAGES)
        message.remove()
        return None

    def _typing(self, call: Call) -> Reply:
        self._find.channel(call, Permission.SEND_MESSAGES)
        return None
