"""Stored octets come back as they were, or the failure is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listserver.core.packing import pack, unpack
from listserver.errors import Unavailable


@given(st.binary(max_size=200) | st.builds(lambda octets, times: octets * times, st.binary(max_size=9), st.just(500)))
def test_octets_come_back_as_they_were(octets: bytes) -> None:
    enc, packed = pack(octets)
    assert unpack(enc, packed) == octets
    assert len(packed) <= len(octets)


@pytest.mark.parametrize("enc", ["zstd", "brotli"])
def test_what_is_damaged_or_of_a_newer_release_is_said(enc: str) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        unpack(enc, b"no frame of it")
