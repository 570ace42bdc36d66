# What a person is told of an error of voices and recordings: first what happened, then what to do.
# The part after "error-" is the error's code.

## Which voice is meant

error-unknown-voice-there = There is no such voice here. Choose one of those that are offered as you type.
# $voices: the voices, each with its number
error-ambiguous-voice = Several voices have this name. Choose one of those that are offered as you type, or type its number: { $voices }

## Uploads

error-too-many-uploads = Many members are uploading voices right now. Try again in a few minutes.
