"""The order of the tests, and the same examples of property tests at every run."""

from hypothesis import settings

LONG = ("test_topics_as_reports", "test_bad_input", "test_runner", "test_inequality", "test_own_cohort")
"""Files that take longest, the longest first: each is one piece of work for one process."""


def pytest_collection_modifyitems(items):
    """Begin with the long files, so that the processes end at about the same time."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONG)))


settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
