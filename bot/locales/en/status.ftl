# Status messages, and the list of the queue. $who and $actor: the mention of a member, or a name.

## The first line: who speaks in which voice

# $voice: the name of a voice
status-says = { $who } says, in the voice { $voice }:
# The same, where the name equals that of one of the engine's voices, or words below.
status-says-member = { $who } says, in a member's voice, { $voice }:
status-says-public = { $who } says, in the public voice { $voice }:
# In place of a name that not every reader may know.
status-unnamed-private = a private voice
# In place of a name while it is not known yet which voice that is.
status-unnamed-own = the engine's own voice
# $voice: "private" or "own"
status-says-unnamed = { $voice ->
        [own] { $who } says, in { status-unnamed-own }:
       *[private] { $who } says, in { status-unnamed-private }:
    }

## Why a text does not sound as its requester chose

status-fallback-speaks = The speech engine is down: a simpler one speaks meanwhile, in its own voice.
status-fallback-spoke = The speech engine was down: a simpler one spoke, in its own voice.
status-voice-lacking = This engine does not have that voice: spoken in its own.
status-cannot-clone = This engine cannot imitate voices: spoken in its own.

## While a text waits

# $start: whether it is known when the text starts, "unknown", "now" or "later"; $moment: when, as
# Discord shows it: "in 10 seconds"
status-next = { $start ->
        [unknown] Next in the queue.
        [now] Next in the queue, starts now.
       *[later] Next in the queue, starts { $moment }.
    }
# $place: from 2
status-place = { $start ->
        [unknown] Place { $place } in the queue.
        [now] Place { $place } in the queue, starts now.
       *[later] Place { $place } in the queue, starts { $moment }.
    }
status-paused = Paused: `/resume` goes on.
status-engine-loading = The speech engine is loading.
status-engine-down = The speech engine is restarting.
status-farewell = I cannot see this channel, so this message does not change any more. The text is still spoken.

## What became of a text

# Of the time that a text took
status-duration = { $minutes ->
        [0] { $seconds } s
       *[other] { $minutes } min { $seconds } s
    }
# $duration: see above; $failed: parts that could not be spoken
status-spoken = Spoken in { $duration }{ $failed ->
        [0] {""}
        [one] ; 1 part could not be spoken
       *[other] ; { $failed } parts could not be spoken
    }.
# $reason: one or more sentences
status-failed = Failed: { $reason }
status-failed-unspoken = Failed: nothing of it could be spoken.
# $spoken: parts that were spoken, of $parts
status-expired = Expired: for too long I was in no voice channel where it could be heard{ $spoken ->
        [0] {""}
       *[other] ; { $spoken } of { $parts ->
            [one] 1 part
           *[other] { $parts } parts
        } spoken
    }.
# $reason: why the text was not spoken to its end; $spoken and $parts: see above
status-ended = { $reason ->
        [skipped] Skipped
        [stopped] Stopped
        [disconnected] Cancelled: a moderator disconnected me from the voice channel
        [lane_gone] Cancelled: the voice channel is gone, or I was removed from the server
        [aborted] Cancelled: Discord did not take my answer
        [voice_gone] Cancelled: its voice was deleted, frozen, or is no longer shared
        [erased] Cancelled: its data was deleted
       *[unknown] Cancelled
    }{ $spoken ->
        [0] {""}
       *[other] ; { $spoken } of { $parts ->
            [one] 1 part
           *[other] { $parts } parts
        } spoken
    }.
# $reason: "skipped" or "stopped"
status-ended-by = { $reason ->
        [stopped] Stopped by { $actor }
       *[skipped] Skipped by { $actor }
    }{ $spoken ->
        [0] {""}
       *[other] ; { $spoken } of { $parts ->
            [one] 1 part
           *[other] { $parts } parts
        } spoken
    }.

## Buttons below a status message

status-button-skip = Skip
status-button-stop = Stop
status-button-replay = Replay
status-button-download = Download

## The list of the queue

queue-empty = Nothing is waiting to be spoken. Say something with `/say`.
# $bar: how far it is; $hidden: whether the list leaves out $text
queue-now = **now** { $bar } { $who }{ $hidden ->
        [yes] {""}
       *[no] : { $text }
    }
# $start and $moment: as in status-next
queue-place = **{ $place }.** { $start ->
        [unknown] { $who }
        [now] starts now { $who }
       *[later] starts { $moment } { $who }
    }{ $hidden ->
        [yes] {""}
       *[no] : { $text }
    }
# $count: texts that are left out
queue-more = … and { $count } more.

## /queue and /help

command-queue = What waits to be spoken
command-queue-view = Show what is being spoken and what waits
command-help = What this bot does, and every command
help = I speak text in voice channels. Join one, then:
    - `/say` speaks a text; `voice` completes as you type.
    - `/skip` ends the text being spoken, `/stop` that and all that wait: your own, or anyone's if you moderate.
    - `/pause` and `/resume` stop for a while and go on.
    - `/join` calls me to your channel, `/leave` sends me out.
    - `/queue view` shows what waits, to you alone.
    - `/voice upload` makes a voice from a recording; `/voice list`, `/voice use`, `/voice share` and more are for your voices. **Use as my voice**, in the menu of a message of yours, takes a voice message.
    - `/voice report` tells the admins and the operator what is wrong with a voice; `/voice-admin` is for members who manage the server.
    - `/mydata export` gives you all data that I keep about you, `/mydata delete` deletes it.
    Below each message are buttons: Skip and Stop while it is spoken, Replay and Download (the sound as a file) afterwards.

## Names, where a mention cannot be shown

# A member who is unknown or has left
unknown-member = another member
