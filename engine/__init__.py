"""Text to sound, durably. Knows no front end and no Discord.

    model/    values: jobs, voices, engines, errors
    base/     time, settings, logs, events, child processes
    text/     plain words made safe for any engine, and cut into chunks
    store/    the database; the only package with SQL
    tts/      engines, in a process of their own, and the way to it
    queue/    the durable queue, in the bot's process
    voices/   registered voices: who may use which

Each package imports only those above it.
"""
