"""How the database became what `tables.py` says, step by step. Run by `store/migrate.py`."""
