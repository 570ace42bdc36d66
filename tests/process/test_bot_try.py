import time
from tests.process.stage import *
async def test_try(stage):
    t=time.time()
    bot = await stage.start()
    print("ready", time.time()-t); t=time.time()
    m = await stage.say("a quick word")
    print("answered", time.time()-t)
    for i in range(3):
        await asyncio.sleep(1)
        print(repr(stage.heard.text), len(stage.bob.recording.frames), m.content, m.edits, stage.bob.recording.undecodable)
    assert await bot.signal(signal.SIGTERM) == 0
    assert stage.heard.text == "a quick word"
