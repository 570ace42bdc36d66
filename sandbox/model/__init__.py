"""What there is on this Discord: state, how Discord writes it down, and news of each change.

permissions.py   permissions, and how Discord computes them
clock.py         the sandbox's time, ids, and waiting for a change
files.py         files as they travel, and the storage that keeps them
context.py       what every object shares; users
message.py       messages, and what holds them; direct messages
guild.py         a guild, its roles, channels and members
interaction.py   one use of a command, a button or a form
world.py         everything, by its id

Does not know: any rule about what is allowed (`protocol`), or what people do (`client`).
"""

from typing import Any

Json = dict[str, Any]
