"""Another front end beside the Discord bot, in one real process on one queue, killed and started
again."""

from pathlib import Path

from tests.process.process import PATIENCE
from tests.process.stage import Stage, shows


async def started(stage: Stage, requests: Path, journal: Path) -> None:
    before = set(stage.discord.gateway.sessions)
    module = "tests.second_front_end"
    process = await stage.run("-m", module, str(requests), str(journal), "run")
    await stage.connected(process, before)


async def test_each_speaks_settles_restores_and_shows_its_own_also_after_a_kill(
    stage: Stage, tmp_path: Path
) -> None:
    requests, journal = tmp_path / "requests", tmp_path / "journal"
    requests.write_text("")
    await started(stage, requests, journal)
    message = await stage.say("alpha")
    requests.write_text("bravo\n")
    await shows(message, "Spoken in")
    await stage.discord.world.watch.until(
        lambda: "shown bravo: completed" in lines(journal), PATIENCE, "the second front end"
    )
    assert stage.heard.text.split() == ["alpha"]
    assert "heard alpha" not in lines(journal)

    long = "charlie delta echo foxtrot golf hotel"
    waits = await stage.say(long)
    await stage.heard.until("cha")
    (process,) = stage.processes
    await process.kill()
    await stage.heard.forget()
    journal.write_text("")
    requests.write_text("india\n")
    await started(stage, requests, journal)
    await shows(waits, "Spoken in")
    await stage.discord.world.watch.until(
        lambda: "shown india: completed" in lines(journal), PATIENCE, "the second front end"
    )
    # It restored its own lane only, and a lane that is not a guild did not stop the bot.
    assert [line for line in lines(journal) if line.startswith("restored")] == ["restored http:7"]
    assert not [line for line in lines(journal) if "charlie" in line or "alpha" in line]
    assert "india" not in stage.heard.text
    assert stage.messages == [message, waits]


def lines(journal: Path) -> list[str]:
    return journal.read_text().splitlines() if journal.exists() else []
