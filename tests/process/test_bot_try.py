from tests.process.stage import *
import time
async def test_try(stage):
    demo = await stage.run("-m", "mynah", "demo", "--chat", typed="/join\n/say alpha\n/pause\n")
    await demo.says("Paused")
    print(demo.below())
    t=time.time()
    for each in stage.processes: await each.clear()
    print(time.time()-t)
