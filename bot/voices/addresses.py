"""Which addresses a recording is fetched from: Discord's, and no other. Pure.

Knows: where Discord keeps files, what an address is made of. Does not know: HTTP.

An address comes with an interaction, so from whatever stands between Discord and this bot. It must
not make the bot call the machine that it runs on, or another in its network.

    https://cdn.discordapp.com       `url` of every attachment: of options
                                     (/ephemeral-attachments/…), of messages, voice messages too
                                     (/attachments/…)
    https://media.discordapp.net     their `proxy_url`

Source: the URLs of attachments in Discord's documentation ("Signed Attachment CDN URLs") and in
payloads of interactions as its users recorded them.
"""

from dataclasses import dataclass
from typing import Final, Self

import yarl

from engine.model.errors import BadRecording

ELSEWHERE: Final = "This recording is not on Discord's servers, so it was not fetched."

Origin = tuple[str, str | None, int | None]  # scheme, host, port

DISCORDS: Final[frozenset[Origin]] = frozenset(
    {("https", "cdn.discordapp.com", 443), ("https", "media.discordapp.net", 443)}
)
#: Discord's own API, in all its versions: no files lie there.
_API: Final = ("discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com")


@dataclass(frozen=True, slots=True)
class Addresses:
    """The origins from which recordings are fetched."""

    origins: frozenset[Origin]

    @classmethod
    def of_api(cls, api_url: str) -> Self:
        """With Discord's API: Discord's CDN. With another, that origin too: what stands there (the
        sandbox, a proxy that rewrites) is whom this bot trusts with all else. No other port of the
        same machine."""
        api = yarl.URL(api_url)
        return cls(DISCORDS if api.raw_host in _API else DISCORDS | {_origin(api)})

    def check(self, url: str) -> yarl.URL:
        """The address, as it was judged: to be fetched as this value, so that nobody reads it in
        another way. Raises BadRecording for one that leads elsewhere."""
        try:
            address = yarl.URL(url)
        except ValueError as error:
            raise BadRecording("an address that is none", user_message=ELSEWHERE) from error
        # An address with a name before the host ("https://cdn.discordapp.com@…") is meant to
        # mislead, wherever it leads.
        if _origin(address) not in self.origins or "@" in address.raw_authority:
            raise BadRecording("an address elsewhere", user_message=ELSEWHERE)
        return address


def _origin(address: yarl.URL) -> Origin:
    # The host as it is looked up: in lower case, in ASCII, by IDNA where it was not.
    return address.scheme, address.raw_host, address.port
