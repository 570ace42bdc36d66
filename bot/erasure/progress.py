"""How far the blanking of a member's messages is, and the words that tell them. Pure.

Knows: counts, links. Does not know: how a message is blanked (`blanking`), who is told how.
"""

from dataclasses import dataclass
from typing import Final

#: Links that are named; the rest is counted. With their reasons ten fit into a message.
MOST_LINKS: Final = 10

#: What nobody but Discord's own client can reach.
PRIVATE_ANSWERS: Final = (
    "Private answers of mine, which only you see, go when you close Discord or dismiss them."
)


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """A message that still shows what was deleted, and why it cannot be blanked."""

    link: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionProgress:
    """How it stands with the messages of one member."""

    blanked: int = 0
    gone: int = 0  # somebody else had deleted them
    waiting: int = 0
    archived: int = 0  # of these, in archived threads: nobody knows until when
    files: int = 0  # private files that were taken back
    out: tuple[OutOfReach, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing is left that will be done soon."""
        return self.waiting == self.archived

    @property
    def total(self) -> int:
        return self.blanked + self.gone + self.waiting + len(self.out)


def progress(account: RedactionProgress) -> str:
    return (
        "What I keep of you is deleted. Now I blank your messages on Discord: "
        f"{account.blanked + account.gone} of {account.total} so far. "
        "If it takes longer than a quarter of an hour, I write to you when it is done."
    )


def report(account: RedactionProgress) -> str:
    """The last word."""
    lines = ["What I kept of you is deleted.", *_done(account)]
    if account.archived:
        lines.append(
            f"{_stand(account.archived)} in archived threads: each is blanked "
            "when somebody opens its thread."
        )
    if account.out:
        lines.append(f"{_stand(len(account.out))} out of my reach; delete what you can yourself:")
        named = account.out[:MOST_LINKS]
        lines.extend(f"- {each.link or 'a message'}: {each.why}" for each in named)
        if len(account.out) > MOST_LINKS:
            lines.append(f"- … and {len(account.out) - MOST_LINKS} more")
    lines.append(PRIVATE_ANSWERS)
    return "\n".join(lines)


def _done(account: RedactionProgress) -> list[str]:
    if not account.total:
        words = ["You had no messages of mine on Discord."]
    else:
        words = [f"{many(account.blanked, 'message')} blanked."]
    if account.gone:
        words.append(f"{many(account.gone, 'message')} had been deleted before.")
    if account.files:
        files = (
            "1 private file was" if account.files == 1 else f"{account.files} private files were"
        )
        words.append(f"{files} taken back.")
    return [" ".join(words)]


def many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _stand(count: int) -> str:
    return "1 message stands" if count == 1 else f"{count} messages stand"
