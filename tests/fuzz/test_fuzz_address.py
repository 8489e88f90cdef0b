"""core.address and core.verp on whatever strangers may send."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from listserver.core import address, verp
from listserver.core.address import Path
from listserver.core.verp import Verp

LISTS = {"talk", "foo", "foo-sub"}
KEY = b"0123456789abcdef0123456789abcdef"
IDS = st.integers(0, 2**63 - 1)


@given(st.text())
def test_I1_key_never_raises_and_is_stable(text: str) -> None:
    key = address.key(text)
    assert address.key(key) == key
    assert unicodedata.normalize("NFC", key) == key


@given(st.text(), st.sampled_from(["", "@d"]))
def test_route_never_raises_and_names_only_lists_that_exist(local: str, domain: str) -> None:
    found = address.route(local + domain, "d", LISTS.__contains__)
    assert found.list is None or found.list in LISTS


@given(st.text() | st.text(alphabet='<>@"\\:,.a[] ', max_size=200))
def test_S17_parse_path_never_raises_and_what_it_reads_it_can_write(text: str) -> None:
    path = address.parse_path(text)
    if isinstance(path, Path):
        assert address.parse_path(f"<{path.address}>") == Path(path.local, path.domain)


@given(IDS, IDS, st.integers(0, 65535))
def test_B2_a_token_says_member_and_day_whatever_its_case(list_id: int, member_id: int, day: int) -> None:
    token = verp.verp_token(KEY, list_id, member_id, day)
    assert verp.read_verp_token(KEY, list_id, token) == Verp(member_id, day)
    assert verp.read_verp_token(KEY, list_id, token.upper()) == Verp(member_id, day)


@given(IDS, st.text())
def test_L3_a_member_token_says_the_member(member_id: int, text: str) -> None:
    token = verp.member_token(KEY, "unsubscribe", member_id)
    assert verp.read_member_token(KEY, "unsubscribe", token.upper()) == member_id
    assert verp.read_member_token(KEY, "unsubscribe", text) is None
    assert verp.read_verp_token(KEY, 1, text) is None
