"""Test doubles that are shipped: small true implementations of the seams.

fake_engine.py  an engine in the bot's process, on any clock, that fails as it is told
"""
