# /mydata: what is stored about a member, handed over to them or deleted; and the messages on Discord
# that are redacted then.

## The commands

command-mydata = The data that I keep about you: get it, or delete it
command-mydata-export = Get all data that I keep about you, as files
command-mydata-delete = Permanently delete all data that I keep about you

## The files

mydata-export = This is what I keep about you.
# $part of $parts: a large export is cut into files that Discord accepts
mydata-export-part = This is what I keep about you. Part { $part } of { $parts }.

## What a member reads before their data is deleted

mydata-question = This is deleted permanently, for all servers and direct messages:
mydata-question-nothing = Nothing of yours is stored except your name in the log of changes to voices.
# $names: of the first voices of $count, in bold; $more: voices that are not named
mydata-question-voices = - Your { $count ->
        [one] voice
       *[other] { $count } voices
    } ({ $names }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }): recordings, consents, styles, what a speech engine derived from them, and all sound that was made with them. Texts of other members that wait in { $count ->
        [one] this voice
       *[other] these voices
    } end.
# $waiting: texts of $count that are not spoken yet
mydata-question-texts = - { $count ->
        [one] 1 text
       *[other] { $count } texts
    } that you had spoken, with { $count ->
        [one] its
       *[other] their
    } sound{ $waiting ->
        [0] {""}
       *[other] { $count ->
            [one] ; it is not spoken yet
           *[other] ; { $waiting } of them not spoken yet
        }
    }. The text is also removed from my messages on Discord.
# $count: messages
mydata-question-messages = - The text of { $count ->
        [one] 1 message
       *[other] { $count } messages
    } that an earlier deletion could not reach yet.
# $count: how often a voice was chosen: once for each server, and once for everywhere
mydata-question-choices = - Your choice of a voice, { $count ->
        [one] 1 time
       *[other] { $count } times
    }.
# $count: voices of others
mydata-question-lists = - Your place on the lists of { $count ->
        [one] 1 voice of another member
       *[other] { $count } voices of other members
    }.
mydata-question-log = The log of changes to voices keeps what was done, without your name and your words. What is frozen on a server stays frozen there. If an admin has blocked you from adding voices, your id stays for that.
mydata-question-end = This cannot be undone. Use `/mydata export` first to get a copy.
mydata-button-delete = Delete all of it
error-deletion-expired = This button has expired. Use `/mydata delete` again to see what is stored now.

## What a member reads meanwhile

mydata-deleting = I am deleting your data …
# $done: messages of $total
mydata-progress = Your data is deleted. Now I am removing your text from my messages on Discord: { $done } of { $total } so far. If this takes longer than 15 minutes, I will send you a direct message when it is done.

## What a member reads at the end

# $redacted, $gone: messages; $files: files that only the member could see
mydata-report = Your data is deleted.
    { $total ->
        [0] None of my messages on Discord had text of yours.
       *[other] I removed your text from { $redacted ->
            [one] 1 message
           *[other] { $redacted } messages
        }.
    }{ $gone ->
        [0] {""}
        [one] {" "}1 message was already deleted.
       *[other] {" "}{ $gone } messages were already deleted.
    }{ $files ->
        [0] {""}
        [one] {" "}I deleted 1 private file.
       *[other] {" "}I deleted { $files } private files.
    }
# $count: messages
mydata-report-archived = { $count ->
        [one] 1 message is
       *[other] { $count } messages are
    } in archived threads: I remove your text when somebody opens the thread.
# $count: messages, of which a list follows
mydata-report-unreached = { $count ->
        [one] 1 message is
       *[other] { $count } messages are
    } out of my reach. Please delete them yourself where you can:
# $known: whether the $link to the message is known; $reason: why it cannot be redacted
mydata-unreached = { $known ->
        [no] - a message
       *[yes] - { $link }
    }: { $reason ->
        [hidden] I cannot see its channel
        [forbidden] I am not allowed to edit it
        [left] I am no longer in its server
       *[unknown] I do not know where it is
    }
# $count: messages that are not in the list
mydata-unreached-more = - … and { $count } more
mydata-report-private = My private answers, which only you can see, disappear when you close Discord or dismiss them.

## What is left of a message

mydata-redacted = The text of this message was deleted by the member who wrote it.
