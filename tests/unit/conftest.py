"""Settings of hypothesis for the pure tests."""

from hypothesis import settings

# No deadline: how fast the machine is today says nothing about the code.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
