"""The measurements behind the claims in `README.md` beside this file.

    make bench                      all of them, in about five minutes
    python -m bench first_sound     one of them

Each measurement is a module with a function `measure`, which returns a Report. Results are ratios
and distributions; a measurement fails only if it cannot be taken.
"""
