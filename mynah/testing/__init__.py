"""Test doubles that are shipped: small real implementations of the seams.

fake_engine.py  an engine in the bot's process, on any clock, that fails as it is told
clocks.py       a clock that a test moves by hand
"""
