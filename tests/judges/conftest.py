"""Served archives, and a browser that looks at them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests import pictures, sites
from tests.sites import Archive


@pytest.fixture(scope="session")
def demo_archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """The archive of the invented community."""
    with sites.of_demo(tmp_path_factory.mktemp("demo")) as archive:
        yield archive


@pytest.fixture(scope="session")
def real_archive(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Archive]:
    """The beginnings of two real lists: about 1,000 posts."""
    with sites.of_lists(tmp_path_factory.mktemp("real"), shared, 4_000_000) as archive:
        yield archive


@pytest.fixture(scope="session")
def whole_archive(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Archive]:
    """All of two real lists: 16,000 posts."""
    with sites.of_lists(tmp_path_factory.mktemp("whole"), shared) as archive:
        yield archive


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Its driver has an event loop in this thread, so it must be gone before other tests begin."""
    with pictures.chromium() as browser:
        yield browser
