"""Property tests try the same examples at every run, so that a test that passes here passes everywhere."""

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
