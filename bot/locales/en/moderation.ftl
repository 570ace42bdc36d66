# What admins read of the voices on their server: the answers of /voice-admin, the audit log, and the
# descriptions of the commands.

## Members and voices in a sentence. An admin acts on a voice by its $number, also where its name is
## not shown.

member-operator = the operator
member-erased = an erased member
# $owner: a mention, or one of the two above
label-named = **{ $voice }** (#{ $number }) of { $owner }
label-private-of = a private voice (#{ $number }) of { $owner }
label-private = a private voice (#{ $number })
label-deleted = a deleted voice (#{ $number })
label-engine = the engine's own voice
# A voice of the engine.
label-builtin = **{ $voice }**

## /voice-admin list. $voice and $default are such labels from here on.

voice-admin-reports = { $count ->
        [one] 1 report is open: see `/voice-admin audit`.
       *[other] { $count } reports are open: see `/voice-admin audit`.
    }
# $cloned: which cloned voices are allowed, none, shared (those that everyone may use) or all;
# $limited: whether only members with a $role may upload.
voice-admin-rules = { $cloned ->
        [none] Cloned voices are not allowed here.
        [shared] Cloned voices are allowed if everyone here may use them.
       *[all] All cloned voices are allowed here.
    } { $limited ->
        [yes] Only { $role } may upload.
       *[no] Everyone may upload.
    } Default: { $default }.
voice-admin-none = No cloned voice is shared with this server, was spoken here, or is frozen.
# $members: mentions; $more: how many further members are not named.
voice-admin-blocked-members = { $more ->
        [0] Blocked from adding voices: { $members }.
       *[other] Blocked from adding voices: { $members } and { $more } more.
    }
# $reach: public, server (everyone on this server may use it), or other.
voice-admin-row = { $reach ->
        [public] { $frozen ->
            [yes] - { $voice }: public, **frozen**
           *[no] - { $voice }: public
        }
        [server] { $frozen ->
            [yes] - { $voice }: shared with this server, **frozen**
           *[no] - { $voice }: shared with this server
        }
       *[other] { $frozen ->
            [yes] - { $voice }: **frozen**
           *[no] - { $voice }: spoken here
        }
    }
voice-admin-page = Page { $page } of { $pages }: `page` shows another.

## Decisions

# After another answer.
voice-admin-ended = { $count ->
        [one] 1 waiting text ended.
       *[other] { $count } waiting texts ended.
    }
voice-admin-removed = From now on only its owner may use { $voice }.
voice-admin-frozen = Frozen: { $voice } is not spoken on this server until `/voice-admin release`.
# After the answer above.
voice-admin-frozen-too = { $count ->
        [one] 1 other voice is the same recording, and frozen too.
       *[other] { $count } other voices are the same recording, and frozen too.
    }
# $frozen: whether it was frozen.
voice-admin-released = { $frozen ->
        [yes] Released: { $voice } may be spoken here again.
       *[no] Released: { $voice } was not frozen; reports of it close.
    }
voice-admin-default = Members who have not chosen a voice now speak in { $voice }.
voice-admin-uploads-all = Everyone may upload voices here.
voice-admin-uploads-role = Members with { $role } may upload voices here.
# $cloned: which cloned voices are allowed: none, shared or all.
voice-admin-allowed = { $cloned ->
        [none] Cloned voices may not be spoken here.
        [shared] Only cloned voices that everyone here may use may be spoken here.
       *[all] All cloned voices may be spoken here, each by the members who may use it.
    }
voice-admin-blocked = Blocked: { $member } cannot upload voices here or share any with this server, and none of theirs is spoken here, until `/voice-admin unbar`.
voice-admin-unblocked = { $member } can add voices to this server again.

## Reports: what admins of the server and the operator are sent. $member: who reports; $key: the
## voice as a command takes it; $id: the server's; $hash: the recording's.

report-to-admin =
    { $member } reports { $voice } on the server **{ $server }**:
    > { $reason }
    On that server, `/voice-admin freeze voice:{ $key }` stops it from being spoken, and `/voice-admin release voice:{ $key }` closes the report.
report-to-operator =
    { $member } reports { $voice } on the server **{ $server }** ({ $id }):
    > { $reason }
    You operate this bot: `mynah voices freeze { $hash }` blocks this recording everywhere.

## The audit log: one entry for each action. $when: a time; $actor: who did it; $member: to whom.

voice-admin-audit-empty = Nothing of that kind has happened on this server.
# An entry with details: a report's words, a role, the scope of a voice.
voice-admin-audit-detail = { $entry }: { $detail }
audit-upload = { $when } { $actor } uploaded { $voice }
audit-rename = { $when } { $actor } renamed { $voice }
audit-share = { $when } { $actor } changed who may use { $voice }
audit-style = { $when } { $actor } changed the style of { $voice }
audit-delete = { $when } { $actor } deleted { $voice }
audit-remove = { $when } { $actor } removed { $voice } from this server
audit-freeze = { $when } { $actor } froze { $voice }
audit-release = { $when } { $actor } released { $voice }
audit-bar = { $when } { $actor } blocked { $member } from adding voices
audit-unbar = { $when } { $actor } allowed { $member } to add voices again
audit-default = { $when } { $actor } set the default voice
audit-uploaders = { $when } { $actor } set who may upload
audit-allow = { $when } { $actor } set which cloned voices are allowed
audit-report = { $when } { $actor } **reported** { $voice }
audit-export = { $when } { $actor } exported their data
audit-erase = { $when } { $actor } deleted their data

## Descriptions of the commands and their options, at most 100 characters each

group-voice-admin = Decide about the voices on this server
command-admin-list = Voices that are shared, spoken or frozen here
command-admin-remove = Stop sharing a voice with this server
command-admin-freeze = Stop a voice from being spoken on this server
command-admin-release = Let a frozen voice be spoken again, or close the reports of a voice
command-admin-default = Set the voice of members who have not chosen one
command-admin-uploads = Limit who may upload voices here
command-admin-allow = Set which cloned voices may be spoken here
command-admin-bar = Block a member from adding voices to this server
command-admin-unbar = Let a blocked member add voices again
command-admin-audit = Who did what to the voices here, and when
option-admin-voice = Which voice; completes as you type
option-admin-default = Which voice; completes as you type. "none": the engine's own
option-admin-page = Which page; the first without it
option-admin-role = Members with this role may; without a role everyone may
option-admin-allow = None, those that everyone here may use, or all
option-admin-member = Which member; also by id, if they have left
option-audit-member = Only what this member did
option-audit-voice = Only what was done to this voice; completes as you type
