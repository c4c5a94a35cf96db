"""Fixtures of the tests between processes, a limit for each test, and the daemons' last words where one failed."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import careroom  # noqa: E402  (the folder is no package)

TEST_LIMIT_S = 120


def pytest_configure(config):
    config.addinivalue_line("markers", "limit(seconds): how long this test may take at most")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    marker = item.get_closest_marker("limit")
    seconds = marker.args[0] if marker else TEST_LIMIT_S

    def too_long(_signal, _frame):
        pytest.fail(f"not done after {seconds} s")

    previous = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for world in getattr(item, "worlds", []):
            for name, text in world.logs().items():
                report.sections.append((name, text))


@pytest.fixture
def make_world(request, tmp_path_factory):
    """Make a room of its own: make_world(rules=…, state=…). Everything started in it is ended with the test."""
    request.node.worlds = []

    def make(**options):
        world = careroom.World(tmp_path_factory.mktemp("w"), **options)
        request.node.worlds.append(world)
        return world

    yield make
    for world in request.node.worlds:
        world.close()


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def small_disk(tmp_path_factory):
    try:
        disk = careroom.SmallDisk(tmp_path_factory.mktemp("d"))
    except OSError as error:
        pytest.skip(str(error))
    yield disk
    disk.close()
