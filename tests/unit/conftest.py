"""How hypothesis runs here: a slow machine is no failure, and nothing is kept on disk."""

from hypothesis import settings

settings.register_profile("unit", deadline=None, database=None)
settings.load_profile("unit")
