"""Text to speech: an engine behind HTTP, in a process of its own, and the way to it.

protocol.py  what travels between the two processes, as JSON
client/      in the bot's process: starts the engine's process, watches it, asks it for sound
server/      in the engine's process: HTTP around one engine
engines/     engines; each turns text into sound
audio/       sound as a value: samples, loudness, Opus, Ogg, WAV
"""
