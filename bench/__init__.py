"""Measurements: what `README.md` beside this file claims, anyone can measure again.

    make bench                      all of them, in about five minutes
    python -m bench first_sound     one of them

Each measurement is a module with a function `measure`, which returns a Report. They are ratios and
distributions, and fail only when they cannot be taken.
"""
