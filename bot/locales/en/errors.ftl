# What a person is told of an error of the queue, the engine or the database: first what happened,
# then what to do. The part after "error-" is the error's code.

error-failed = Something went wrong. This was not your fault, and the operator's log has the details. Please try again.

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
