"""These tests change the schema, so each has a database of its own."""

import pytest


@pytest.fixture
def postgres_url(postgres_own_url: str) -> str:
    return postgres_own_url
