# What keeps a member from doing something, and what keeps the bot from being heard: first what is
# so, then what to do. Permissions have the names that Discord's settings give them.
#
# $channel: the mention of a voice channel. $member: the mention of a member.

## What members may do (bot/policy.py)

error-member-timed-out = You are timed out in this server. Try again when that is over.
error-not-in-voice = You are not in a voice channel. Join one, then try again.
error-afk-channel = { $channel } is the AFK channel, where nobody may speak: go to another.
error-member-lacks-speak = You lack the Speak permission in { $channel }: ask a moderator for it.
error-member-muted = You are muted by the server: ask a moderator to unmute you.
error-member-in-audience = You are in the audience of { $channel }: request to speak there first.
error-member-suppressed = You came into { $channel } without the Speak permission: leave and come back.
error-bot-with-others = I am with others in { $channel }. Join me there, or ask a moderator to bring me over with `/join`.
# $channel: where the bot is; "none" if it is in no voice channel
error-bot-elsewhere = { $channel ->
        [none] I am not in a voice channel. Join one and call me with `/join`.
       *[other] Join me in { $channel } first.
    }
error-job-of-present-member = This is { $member }'s text: ask them, or a moderator.
# $channel: where the bot is; "none" if it is in no voice channel
error-job-of-absent-member = { $channel ->
        [none] This is { $member }'s text. I am not in a voice channel. Join one and call me with `/join`.
       *[other] This is { $member }'s text. Join me in { $channel } first.
    }
# $channel: where the bot is; "none" if it is in no voice channel
error-jobs-of-absent-members = { $channel ->
        [none] These are texts of others. I am not in a voice channel. Join one and call me with `/join`.
       *[other] These are texts of others. Join me in { $channel } first.
    }
error-jobs-of-others = These are texts of others: ask them, or a moderator.
error-jobs-of-others-wait = Texts of others wait: ask a moderator, or try again when they are over.
error-nothing-to-end = Nothing is being spoken, and nothing waits.
error-channel-hidden = You cannot view the voice channel that this belongs to.
error-manage-server-needed = This is for members with the permission Manage Server: ask one of them.

## What keeps the bot out of a channel (bot/policy.py)

error-bot-timed-out = I am timed out in this server: ask a moderator to end that.
error-bot-lacks-permissions = I lack { $missing ->
        [view] the permission View Channel
        [connect] the permission Connect
        [speak] the permission Speak
        [view-connect] the permissions View Channel and Connect
        [view-speak] the permissions View Channel and Speak
        [connect-speak] the permissions Connect and Speak
       *[view-connect-speak] the permissions View Channel, Connect and Speak
    } in { $channel }: ask a moderator for it.
error-channel-full = { $channel } is full: make room, or give me the permission Move Members.

## Notes in status messages: why nothing can be heard just now (bot/voice/, bot/client.py)

note-bot-muted = I am muted by the server. Ask a moderator to unmute me.
note-bot-in-audience = I am in the audience of this stage. Ask a stage moderator to invite me to speak.
note-afk-channel = This is the AFK channel, where nobody can speak. Move me to another channel.
note-bot-lacks-speak = I do not have the Speak permission in this voice channel.
note-nobody-listening = Nobody is listening. I go on when somebody comes back.
note-cannot-join = I cannot join the voice channel. I keep trying.
note-server-unavailable = Discord says that this server is unavailable. I go on when it is back.
note-restarting = I am restarting. I go on when I am back.
