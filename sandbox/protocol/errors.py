"""What Discord answers when it refuses, and the collector of a form's faults.

Knows: HTTP statuses, Discord's error codes and their texts, the shape of `errors`. Does not know:
when a refusal is due.
"""

from typing import Any, Final

from sandbox.model import Json


class ApiError(Exception):
    """A refusal of the REST API, in its words."""

    def __init__(self, status: int, code: int, message: str, *, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.headers: dict[str, str] = {}
        self.body: Json = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


_TABLE: Final[dict[int, tuple[int, str]]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    10065: (404, "Unknown Voice State"),
    30015: (400, "Maximum number of attachments in a message reached (10)"),
    30032: (400, "Maximum number of application commands reached (100)"),
    40005: (413, "Request entity too large"),
    40032: (400, "Target user is not connected to voice."),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50033: (400, "Invalid Recipient(s)"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
}


def refusal(code: int, *, errors: Json | None = None) -> ApiError:
    """The error with this code, and with Discord's status and text for it."""
    status, message = _TABLE[code]
    return ApiError(status, code, message, errors=errors)


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


class Form:
    """Collects the faults of a request's body, each at its path, and raises them as one 50035.

    `at` is a view one level down: `form.at("options").at(0).fault("name", …)`.
    """

    def __init__(self, errors: Json | None = None, path: tuple[str, ...] = ()) -> None:
        self._errors: Json = {} if errors is None else errors
        self._path = path

    def at(self, *steps: str | int) -> "Form":
        return Form(self._errors, (*self._path, *map(str, steps)))

    def fault(self, field: str | int | None, code: str, message: str) -> None:
        node = self._errors
        for step in (*self._path, *(() if field is None else (str(field),))):
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def length(self, field: str, value: object, least: int, most: int) -> bool:
        """Whether `value` is a string of `least` to `most` characters. If not, adds a fault."""
        if value is None:
            self.fault(field, "BASE_TYPE_REQUIRED", "This field is required")
        elif not isinstance(value, str):
            self.fault(field, "BASE_TYPE_STRING", "Must be a string.")
        elif not least <= len(value) <= most:
            if least == 0:
                text = f"Must be {most} or fewer in length."
                self.fault(field, "BASE_TYPE_MAX_LENGTH", text)
            else:
                text = f"Must be between {least} and {most} in length."
                self.fault(field, "BASE_TYPE_BAD_LENGTH", text)
        else:
            return True
        return False

    def items(self, field: str, value: object, least: int, most: int) -> list[tuple["Form", Any]]:
        """The items of a list, each with the view for its faults. If `value` is no list of `least`
        to `most` items, adds a fault and returns none."""
        if not isinstance(value, list):
            self.fault(field, "BASE_TYPE_LIST", "Must be an array.")
        elif not least <= len(value) <= most:
            text = f"Must be between {least} and {most} in length."
            self.fault(field, "BASE_TYPE_BAD_LENGTH", text)
        else:
            return [(self.at(field, index), each) for index, each in enumerate(value)]
        return []

    def choice(self, field: str, value: object, allowed: tuple[int, ...]) -> bool:
        """Whether `value` is one of `allowed`. If not, adds a fault."""
        if isinstance(value, int) and not isinstance(value, bool) and value in allowed:
            return True
        text = f"Value must be one of {{{', '.join(map(str, allowed))}}}."
        self.fault(field, "BASE_TYPE_CHOICES", text)
        return False

    def settle(self) -> None:
        if self._errors:
            raise refusal(50035, errors=self._errors)
