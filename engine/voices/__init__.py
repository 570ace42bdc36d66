"""Reference voices: recordings that members and the operator give, and who may use which.

voice.py      what a voice is, who asks, what a server has decided; pure
"""
