# What a person is told of an error of voices and recordings: first what happened, then what to do.
# The part after "error-" is the error's code. Below them: what would make a better recording.

## Which voice is meant

# The same whether the voice does not exist or may not be used: it must not reveal which.
error-unknown-voice = There is no such voice that you may use here. Choose one of those that are offered as you type, or see `/voice list`.
error-unknown-voice-there = There is no such voice here. Choose one of those that are offered as you type.
# $voices: the voices, each with its number
error-ambiguous-voice = Several voices have this name. Choose one of those that are offered as you type, or type its number: { $voices }
error-engine-loading = The speech engine is loading for the first time, so its voices are not known yet. Try again when it has loaded.

## Adding a voice, and sharing it

error-too-many-uploads = Many members are uploading voices right now. Try again in a few minutes.
error-public-is-the-operators = Only the operator's voices are public. Share yours with a server, or with members.
error-recording-blocked = The operator of this bot has blocked this recording. Use another recording.
error-recording-not-kept = The recording could not be kept on this bot's disk. Tell its operator, and try again later.
error-no-voices-of-members = This bot keeps no voices of members. Choose one of those that are offered as you type.
# $most: how many voices a member may have
error-too-many-voices = You have { $most ->
        [one] 1 voice
       *[other] { $most } voices
    }, and no more are kept. Delete one with `/voice delete` first.
error-role-needed = On this server, only members with a certain role may upload voices or share them with it. Ask an admin for that role.
error-member-blocked = An admin of this server has blocked you from adding voices here. Ask them if you think that this is a mistake.
error-name-taken = You have another voice of that name. Choose a different one.

## Styles

error-style-engine-loading = The engine is starting, and it is not known yet what it can change. Try again soon.
# $engine: its name; $count: how many $settings it has
error-style-unknown = The engine that speaks now, { $engine }, has no such setting. { $count ->
        [0] It has none.
       *[other] It has { $settings }.
    }
# $setting: its name; $kind: switch, integer or number; $least, $most: the range; $usual: what the
# engine does without it: on, off, a number, or novalue if that varies
error-style-value = **{ $setting }** takes { $kind ->
        [switch] on or off
        [integer] a whole number from { $least } to { $most }
       *[number] a number from { $least } to { $most }
    }; without it, { $usual ->
        [on] on
        [off] off
        [novalue] a new one each time
       *[other] { $usual }
    }.

## Decisions of admins

error-decision-needs-server = Admins decide this in a server. Use the command there.
error-default-not-shared = Only a voice that everyone on this server may use can be its default. Have it shared with the server first.
error-not-shared-here = This voice is not shared with this server, so there is nothing to remove. `/voice-admin freeze` keeps it from being spoken here.
error-member-not-blocked = This member is not blocked from adding voices here.

## Limits of an hour

# $most: how often a member may do it in an hour; $minutes: until the next time
error-too-often-upload = You have uploaded { $most ->
        [one] 1 recording
       *[other] { $most } recordings
    } within an hour. Those that were refused count, too. Try again in { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }.
error-too-often-preview = I have made { $most ->
        [one] 1 preview
       *[other] { $most } previews
    } for you within an hour. Try again in { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }.
error-too-often-report = You have made { $most ->
        [one] 1 report, and it was passed on
       *[other] { $most } reports within an hour, and they were passed on
    }. Try again in { $minutes ->
        [one] 1 minute
       *[other] { $minutes } minutes
    }, or speak to an admin of this server.
error-attempt-not-kept = This bot's disk is full. Tell the operator, and try again later.

## Recordings

error-recording-no-file = This is not a file. Attach the recording itself.
error-recording-empty = The file is empty. Record again, and listen to it before sending.
# $most: MiB
error-recording-too-large = The file is larger than { $most } MiB. Cut it to about 20 seconds of clear speech, and send those.
# $unit: minutes or seconds; $most: how many are accepted
error-recording-too-long = The recording is longer than { $unit ->
        [minutes] { $most } minutes
       *[seconds] { $most } seconds
    }. Cut it to about 20 seconds of clear speech, and send those.
error-analyzer-busy = Too many recordings are being analyzed right now. Try again in a minute; nothing was kept.
error-analysis-slow = Reading this file took too long. Send a plain recording, such as a WAV, MP3 or M4A of up to 20 seconds of speech.
error-analysis-failed = The recording could not be analyzed. This was not your fault. Try again later. If it happens again, tell the person who runs this bot: the log says why.
error-recording-memory = Reading this file takes too much memory. Save the recording again as WAV, MP3 or M4A, and send that.
error-recording-unreadable = This is not a readable sound file, or it is damaged. Save the recording again as WAV, MP3 or M4A, and send that.
error-recording-incomplete = The file is incomplete: it ends too early, or says that it is longer than it is. Save the recording again, or copy it again, and send that.
error-recording-not-numbers = The recording is damaged: it has samples that are not numbers. Save the recording again as WAV, MP3 or M4A, and send that.
error-recording-beyond-scale = The recording is damaged: its samples are far beyond full scale. Save it again with 16 bits for each sample, and send that.
error-archive-not-recording = This is an archive. Unpack it and send the recording in it.
error-picture-not-recording = This is a picture or a document. Send a recording of the voice.
error-playlist-not-recording = This is a playlist or a web page without sound. Send the recording itself.
error-text-not-recording = This file is text without sound, whatever its name says. Send a recording.
error-recording-without-sound = There is no sound in this file. Send a recording, or a video with sound.
# $rate: hertz
error-recording-rate = The recording has a sample rate of { $rate } Hz; 8,000 to 192,000 Hz can be read. Save it with 44,100 or 48,000 Hz, and send that.
error-recording-channels = The recording has { $channels ->
        [one] 1 channel
       *[other] { $channels } channels
    }; 1 to 8 can be read. Save it as mono or stereo, and send that.
error-recording-silent = Nothing can be heard in the recording. Choose the right microphone, record again, and listen to it before sending.
error-recording-too-quiet = Nothing can be heard in the recording. Record again, closer to the microphone.
# $seconds: of speech
error-recording-short-of-speech = Only { $seconds } s of speech were found in the recording. Record yourself speaking for 10 to 15 seconds, close to the microphone and without music, and send that.
error-recording-noisy = No speech stands out from the noise in the recording. Record in a quiet room, close to the microphone and without music, and send that.
# $tracks: how many were searched
error-recording-many-tracks = No speech was found in the first { $tracks } tracks of this file. Save the voice alone as a mono file, and send that.
error-recording-late-speech = No speech was found at the beginning of any track or channel of this file. Save the voice alone as a mono file, and send that.

## Advice: what would make a better recording

# $speech: "4.9 s"; $least, $ample: seconds
advice-too-short = { $speech } of speech; Turbo needs more than { $least }: record a sentence or two more
advice-short = { $speech } of speech; about { $ample } to 15 sound more like the speaker
advice-clipped = too loud: the sound is clipped and harsh. Turn the microphone down, or step back
advice-quiet = very quiet: come closer to the microphone, about a hand's width
# $snr: decibels
advice-noisy = noisy, only { $snr } dB above the background: record in a quiet room, without music or a fan
advice-good = { $speech } of speech, clear and loud enough: a good reference
