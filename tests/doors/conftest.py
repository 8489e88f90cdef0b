"""Fixtures of the doors."""

import ssl

import pytest

from tests.relay import certified


@pytest.fixture(scope="session")
def server_tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's TLS context with a certificate made for the occasion."""
    return certified(tmp_path_factory.mktemp("tls"))[0]
