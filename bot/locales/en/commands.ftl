# The commands that speak: their descriptions, what they answer, and what is said where a command
# cannot be used at all.

## Descriptions, as Discord lists them: at most 100 characters

# The group of all commands, if the operator has chosen one
command-group = Speak text in voice channels
command-say = Speak a text in your voice channel
option-say-text = What to speak
option-say-voice = The voice that speaks it; completes as you type
command-skip = End the text that is being spoken
command-stop = End the text being spoken and all that wait
command-pause = Stop speaking for a while; nothing is lost
command-resume = Go on speaking after a pause
command-join = Call the bot to your voice channel
command-leave = Send the bot away; waiting texts are kept for a while

## Answers

jobs-skipped = Skipped.
# $ended: how many jobs were ended; $left: how many of other members were not
jobs-stopped = { $left ->
        [0] { $ended ->
            [one] Stopped: 1 text ended.
           *[other] Stopped: { $ended } texts ended.
        }
        [one] { $ended ->
            [one] Stopped: 1 text ended. 1 text of others stays.
           *[other] Stopped: { $ended } texts ended. 1 text of others stays.
        }
       *[other] { $ended ->
            [one] Stopped: 1 text ended. { $left } texts of others stay.
           *[other] Stopped: { $ended } texts ended. { $left } texts of others stay.
        }
    }
playback-paused = Paused. `/resume` goes on where it stopped.
playback-paused-already = It is paused already. `/resume` goes on.
playback-resumed = Going on.
playback-not-paused = It is not paused.
# $channel: the mention of a voice channel; $stage: "yes" on a stage where the bot needs an invitation
join-on-my-way = { $stage ->
        [yes] On my way to { $channel }. It is a stage: ask a stage moderator to invite me to speak.
       *[no] On my way to { $channel }.
    }
# $channel: the mention of a voice channel
join-there-already = I am in { $channel } already.
# $waiting: "yes" if texts wait
leave-goodbye = { $waiting ->
        [yes] Goodbye. What waits goes on when I am called again in time.
       *[no] Goodbye.
    }
# A choice of /voice-admin default. People type "none", in every language.
choice-no-default = none · the engine's own

## Refusals

error-job-over = This text has already ended.
error-job-not-kept = That text is no longer kept. Say it again with `/say`.
error-job-voice-gone = The voice of this text was deleted or frozen, or is no longer shared.
error-job-sound-gone = The sound is no longer kept. Press Replay to make it again.
error-job-sound-too-large = The sound is too large to be sent in this server.
error-servers-only = Use this command in a server.
error-report-in-server = Use this command in the server where the voice spoke.
error-bot-not-ready = I have just started, or Discord has a fault here. Try again in a moment.

## Where no command can be used

gate-not-served = This bot does not serve this server. Its operator decides which servers it serves.
gate-not-served-in-direct = This bot serves certain servers only, and keeps no voice of yours. `/mydata` shows and deletes what it keeps of you.
gate-restarting = I am restarting. Please try again in a moment.

## For the operator, when the bot starts

start-token-missing = No token is set. Create a bot in Discord's developer portal (https://discord.com/developers), copy its token from the page Bot, and set DISCORD_TOKEN in the environment or in .env.
start-token-refused = Discord refuses the token. Reset it in the developer portal, on the page Bot, and set DISCORD_TOKEN to the new one.
start-intent-refused = Discord refuses an intent of the bot. See the page Bot in the developer portal.
