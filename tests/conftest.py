"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real mail beside the checkout: its tests skip where it is absent, and fail under CI."""
    if not SHARED.is_dir():
        reason = "no ../shared beside this checkout: the tests on the large collection of real mail need it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED
