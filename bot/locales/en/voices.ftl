# Voices that members add: uploads and consent, lists, choices, sharing, styles; the commands below
# /voice; and what may be wrong with them. Admins' commands are in `moderation.ftl`.
#
# In all of these, $voice is a voice's name, and $scope says who may use a voice besides its owner:
# private (nobody), server (the members of one server), members (those on a list).

## Uploads

upload-agree = I agree
# The member's consent is kept with this text, so it must be complete in itself.
upload-consent =
    By pressing **{ upload-agree }** you say that this recording is of your own voice, or was made with the permission of the person who speaks in it.
    - What is kept: the best part of the recording, a fingerprint by which the recording is recognized, what a speech engine derives from it, and sound that is made in this voice.
    - Where: on the machine of this bot's operator.
    - For how long: until it is deleted.
    - How to delete it: `/voice delete`, or `/mydata delete` for everything that is kept about you.
# The message that asks. $consent: the text above; $when: when the question lapses ("in 10 minutes").
upload-question =
    You are about to add the voice **{ $voice }**, { $scope ->
        [server] shared with this server: all its members may use it
       *[private] private: only you may use it
    }.
    { $consent }
    I fetch nothing before you agree. This lapses { $when }.
# These replace the question.
upload-agreed = You agreed. The answer is below.
upload-replaced = Another upload of yours has replaced this one.
# The menu of a message, and the title of the form that it opens.
menu-use-as-my-voice = Use as my voice
upload-name = What is the voice called?
# The name that the form suggests for a voice message.
upload-suggested-name = My voice

## The answer to an upload

# $speech: "5.5 s"; $silent: whether there is no noise that anyone can hear; $noise, $snr: decibels;
# $loudness: LUFS; $clips: whether it clips; $clipping: percent of the recording.
upload-card = **{ $voice }** is kept, { $scope ->
        [server] shared with this server: all its members may use it
       *[private] private: only you may use it
    }.
    - Speech: { $speech } that can be used
    - Noise: { $silent ->
        [yes] none that anyone can hear
       *[no] { $noise } dB, { $snr } dB below the speech
    }
    - Loudness: { $loudness } LUFS; it is levelled for you
    - Clipping: { $clips ->
        [yes] { $clipping }% of it is louder than a recording can hold
       *[no] none
    }
upload-advice = **Advice:** { $advice }
upload-no-cloning = The engine that speaks now cannot imitate voices. It speaks in its own voice until the operator chooses an engine that can.
# For the owner of a voice whose recording an admin froze, perhaps as another member's voice.
voice-frozen-here = An admin has frozen this recording on this server, so nobody can have text spoken in it here. It can be used elsewhere. If you think that this is a mistake, ask an admin.
upload-use = Use this voice

## /voice list

voice-list-speaking = `/say` speaks in **{ $voice }**.
voice-list-engine = `/say` speaks in the engine's own voice. `/voice use` chooses another.
voice-list-empty = You have no voice of your own yet. Add one with `/voice upload`.
# A voice of the member. $usable: whether it can be used here; $count: how many $members are on its
# list.
voice-list-own = - **{ $voice }** · { $usable ->
        [no] yours, cannot be used here at present
       *[yes] { $scope ->
            [server] yours, shared with a server
            [members] { $count ->
                [0] yours, shared with nobody yet
               *[other] yours, shared with { $members }
            }
           *[private] yours, private
        }
    }
voice-list-other = - **{ $voice }** · { $owner }
# A voice of the operator, for everyone.
voice-list-public = - **{ $voice }** · public
voice-list-more = … and { $count } more; `voice` completes as you type.

## /voice use, preview, report

# $everywhere: wherever the member has not chosen another voice; else on this server.
voice-chosen = { $everywhere ->
        [yes] `/say` now speaks in **{ $voice }** for you everywhere.
       *[no] `/say` now speaks in **{ $voice }** for you on this server.
    }
voice-choice-undone = { $everywhere ->
        [yes] I took back your choice of a voice everywhere.
       *[no] I took back your choice of a voice on this server.
    }
voice-preview = **{ $voice }**, as it was recorded.
# $voice: a name with its number and owner, or "a private voice (#12)".
voice-reported = You reported { $voice }. I am telling the admins of this server and the operator.

## What completes as a voice: its name, and one of these or the name of its owner

owner-yours = yours
owner-public = public
# A voice whose name and owner the reader may not know.
owner-spoken-by = spoken by { $member }
# In the list of voices that have the same name. $key: as a command takes it; $owner: a mention, or
# "the operator".
ambiguous-voice-row = - `{ $key }` **{ $voice }** · { $owner }

## /voice rename, share, delete

voice-renamed = **{ $voice }** is now called **{ $name }**.
# $count: how many $members are on its list.
voice-shared = **{ $voice }** is { $scope ->
        [server] shared with this server: all its members may use it.
        [members] { $count ->
            [0] shared with the members on its list, which is empty.
           *[other] shared with the members on its list: { $members }.
        }
       *[private] private: only you may use it.
    }
voice-delete-question = Delete **{ $voice }** permanently? I delete its recording, what was derived from it and the sound that was made in it. Texts that wait to be spoken in it end.
voice-delete = Delete
voice-deleted = **{ $voice }** is deleted, with its recording, what was derived from it, and the sound that was made in it.

## /voice style

style-heading = How **{ $voice }** speaks:
# Settings with their values. $setting: the engine's name for it; $range: see `style-range`.
style-set = - `{ $setting }`: **{ $value }** ({ $range })
style-not-taken = - `{ $setting }`: **{ $value }**, which the engine that speaks now does not take
style-engine-unknown = - `{ $setting }`: **{ $value }**
style-usual = - `{ $setting }`: as the engine does ({ $range })
style-engine-loading = The engine is still loading; I know what it can change when it has loaded.
style-engine-fixed = The engine that speaks now has no settings.
# $kind: switch, number or integer; $usual: a switch's on or off, a number, or unknown.
style-range = { $kind ->
        [switch] { $usual ->
            [on] on or off; usually on
            [off] on or off; usually off
           *[unknown] on or off
        }
       *[number] { $usual ->
            [unknown] { $least } to { $most }
           *[known] { $least } to { $most }; usually { $usual }
        }
    }
style-switch = { $on ->
        [yes] on
       *[no] off
    }
# What completes as a setting. Members type the words all, reset, on and off as they are here.
style-offer = { $setting } · { $range }
style-offer-set = { $setting } · { $value } now, { $range }
style-offer-not-taken = { $setting } · { $value }
style-offer-all = all · for the value reset
# What completes as a value. $end: the range's least or most, or what is usual.
style-offer-reset = reset · as the engine does
style-offer-value = { $end ->
        [least] { $value } · least
        [most] { $value } · most
       *[usual] { $value } · usually
    }

## Descriptions of the commands and their options, at most 100 characters each

group-voice = Voices that members have added: yours, and those that you may use
command-voice-upload = Add a voice from a recording of it
option-upload-file = Ten to twenty seconds of clear speech: any sound or film
option-upload-name = What the voice is called
option-upload-scope = Who may use it besides you; nobody, if you choose nothing
command-voice-list = The voices that you may use here
command-voice-use = Choose the voice in which /say speaks for you
option-use-voice = Which voice; completes as you type. "none" takes your choice back
option-use-where = On this server, or wherever you have not chosen another
command-voice-preview = Listen to the recording of a voice
option-preview-voice = Which voice; completes as you type
command-voice-report = Tell the admins and the operator what is wrong
option-report-voice = A voice that was spoken here; completes as you type
option-report-reason = What is wrong with it; the admins and the operator read it
option-own-voice = A voice of yours; completes as you type
command-voice-rename = Give a voice of yours another name
option-rename-name = Its new name
command-voice-share = Say who may use a voice of yours
option-share-scope = Nobody else, the members of this server, or those on its list, wherever they are
option-share-add = Somebody to add to its list
option-share-remove = Somebody to remove from its list
command-voice-style = See or set how a voice of yours speaks
option-style-setting = What to set; completes as you type. Without it you see all settings
option-style-value = The new value; "reset" goes back to what the engine does
command-voice-delete = Delete a voice of yours permanently

## What is wrong with an upload

error-not-own-message = Use this on a message of your own: nobody can give away another's voice.
error-message-without-recording = This message has no recording. Choose one of yours with a voice message, or with a file that has sound.
error-upload-lapsed = This has lapsed. Upload the recording again.
error-already-analyzing = I am already analyzing this recording.
error-upload-slow = I am analyzing many recordings just now. Press **{ upload-agree }** again in a moment; nothing was kept so far.
error-share-needs-server = You share a voice with a server in that server: use this command there.
error-still-analyzing = I am still analyzing your last recording. Try again when I have answered.
error-analyzing-many = I am analyzing many recordings just now. Try again in a moment; nothing was kept so far.
error-download-elsewhere = This recording is not on Discord's servers, so it was not fetched.
error-download-empty = This file is empty. Record it again.
# $most: MiB
error-download-large = This file is too large: at most { $most } MiB. Ten seconds of speech are enough: cut it, or save it as MP3 or OGG.
error-download-gone = The recording is no longer there. Upload it again, and do not delete it until I am done.
error-download-late = The recording did not arrive in time. Upload it again in a moment.
error-download-incomplete = The recording arrived incomplete. Upload it again in a moment.

## What is wrong with a use of a voice

# $near: up to three names of similar voices, separated by commas.
error-no-such-voice-near = There is no such voice. Did you mean { $near }? The option `voice` completes as you type.
error-here-needs-server = You are not in a server here: choose `everywhere`.
error-preview-gone = The recording of this voice is no longer there.
error-share-with-whom = Say with whom: choose a `scope`, or a member to `add` or to `remove`.
error-share-without-list = Only a list has members: choose the scope `members`, or add and remove none.
error-setting-needed = Choose a `setting` for this value.
error-value-needed = Give **{ $setting }** a `value`, or `reset`.

## What is wrong with an export of one's data

error-still-exporting = I am still putting your data together. It comes as a separate answer.
error-exporting-many = I am putting together the data of many members. Try again in a moment.
