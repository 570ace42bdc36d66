# What a person is told of an error of the queue, the engine or the database: first what happened,
# then what to do. The part after "error-" is the error's code.

error-failed = Something went wrong. This was not your fault, and the operator's log has the details. Please try again.
# What a database or an engine server of an older version says, quoted.
# $words: one or two whole sentences
error-older-version = “{ $words }”

## Texts

error-nothing-to-speak = There is nothing in this text that could be spoken. Add some words.
# $characters: of this text; $most: how many are allowed
error-text-too-long = This text has { $characters } characters; at most { $most } can be spoken at once. Shorten it, or send it in parts.
error-job-unknown = This text is no longer known; it was deleted some time after it was spoken.

## The voice of a text

error-no-such-voice = There is no such voice. Choose one of those that are offered as you type.
# The same, told some time after the voice was typed. $voice: its name
error-no-voice-named = There is no voice “{ $voice }” here. Choose one of those that are offered as you type.
error-no-own-voice = The engine that speaks here has no voice of its own. Add a voice with `/voice upload`, or choose one that you may use.
error-cannot-clone = This engine cannot imitate a voice. Choose one of its own.
error-recording-gone = The recording of this voice is gone. Choose another voice.
error-voice-silent = There is no sound in the recording of this voice.
# $seconds: of speech in the recording; $above: the engine needs more; $engine: its name
error-voice-too-short = The recording of this voice holds { $seconds } s of speech, and { $engine } needs more than { $above } s. Record it again, longer.

## The queue

# $waiting: how many texts wait in this server's queue
error-queue-full = The queue is full: { $waiting ->
        [one] 1 text is waiting
       *[other] { $waiting } texts are waiting
    }. Try again when some of them have been spoken.
# $waiting: how many texts of this member wait
error-too-many-waiting = You already have { $waiting ->
        [one] 1 text
       *[other] { $waiting } texts
    } waiting. Wait until one of them has been spoken, or skip one.

## The engine

error-cannot-be-spoken = The engine cannot speak this text.
error-engine-breaks = The engine broke down over this text again and again.
error-voice-stumbles = The voice stumbled over this text every time. Word it differently, or try another voice.
# $characters: of this part of the text; $most: the engine speaks about so many in one go
error-part-too-long = This text is too long to speak in one piece: { $characters } characters, where about { $most } work. Split it into sentences.
error-out-of-memory = The engine ran out of memory. Try a shorter text, or try again in a while.
error-sound-not-kept = The sound of this text could not be kept. Try again later.
error-too-long-for-wav = This sound is too long for a WAV file. Ask for Ogg.
# $style: the name of an option of the engine; $kind: "switch", or a kind of number from $least to
# $most
error-style-out-of-range = { $kind ->
    [switch] { $style } must be on or off.
   *[number] { $style } must be between { $least } and { $most }.
}

## The disk

error-disk-almost-full = The disk of this bot is almost full, so it takes no new texts. Those that wait will be spoken. Tell its operator, and try again later.
error-disk-full = The disk of this bot is full. Tell its operator.

## Names of voices

error-name-invisible = This name has invisible characters. Type it again with letters, digits and spaces.
error-name-empty = Give the voice a name that people can read.
# $characters: of this name; $most: how many are allowed
error-name-too-long = This name has { $characters } characters; { $most } are allowed. Choose a shorter one.
error-name-markup = Discord would take signs in this name for markup, a mention or a path. Choose a name of letters, digits and spaces.
