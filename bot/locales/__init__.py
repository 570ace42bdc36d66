"""Every sentence that a person reads, in one catalogue for each language.

en/         English, as Fluent files (projectfluent.org): a translator edits them without Python
catalog.py  a sentence by its id, with its arguments put in
escape.py   members' text inside a sentence; pure
"""
