"""How a benchmark is measured, and the table that `make bench` prints."""

import tracemalloc

import pytest

PEERS = {
    "test_person_time_expected_deaths_and_smr[1000000]": ("Epi 2.59", 45.2),
    "test_life_expectancy[10000]": ("PHEindicatormethods 2.1.0", 33.0),
    "test_directly_standardised_rate_of_areas[dobson-10000]": ("PHEindicatormethods 2.1.0", 3.95),
    "test_concentration_index_with_design[1000000]": ("healthequal 1.0.1", 9.94),
    "test_slope_and_relative_index_with_design[logit-1000000]": ("healthequal 1.0.1", 11.0),
    "test_simulated_interval_of_34_groups[1000]": ("healthequal 1.0.1", 4.99),
    "test_reml_of_20_studies[1000]": ("metafor 4.8", 6.01),
    "test_dersimonian_laird_of_one[5000]": ("metafor 4.8", 4.07),
}
"""Seconds that other packages took for the same task on a machine with 2 cores and 24 GB, November 2026, single runs.

healthequal's concentration index was timed with weights only, without strata and clusters.
"""


@pytest.fixture
def measured(benchmark):
    """Time a call over three rounds, then run it once more to see how much memory it takes on top of its data."""

    def measure(call):
        result = benchmark.pedantic(call, rounds=3, warmup_rounds=1)
        tracemalloc.start()
        call()
        benchmark.extra_info["peak"] = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        return result

    return measure


def pytest_terminal_summary(terminalreporter, config):
    """Print time, memory and the ratio to a peer, where one was timed on the same task."""
    session = getattr(config, "_benchmarksession", None)
    done = [one for one in getattr(session, "benchmarks", []) if one.stats.rounds]
    if not done:
        return
    terminalreporter.write_line(f"\n{'task and size':<62}{'median':>11}{'memory':>11}  peer")
    for one in done:
        peer = ""
        if one.name in PEERS:
            name, seconds = PEERS[one.name]
            peer = f"{name} {seconds:g} s: {seconds / one.stats.median:.0f} times as long"
        time, memory = f"{one.stats.median * 1000:.1f} ms", f"{one.extra_info['peak']:.1f} MB"
        terminalreporter.write_line(f"{one.name.removeprefix('test_'):<62}{time:>11}{memory:>11}  {peer}")
