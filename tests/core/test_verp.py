"""core.verp: tokens that we recognise without keeping them."""

from listserver.core import verp
from listserver.core.verp import Verp

KEY = b"0123456789abcdef0123456789abcdef"


def test_B2_a_token_is_good_for_one_list_one_key_and_unchanged_only() -> None:
    token = verp.verp_token(KEY, 3, 12345, 20500)
    assert len(token) == 20 + 4 + 4
    assert verp.read_verp_token(KEY, 3, token.upper()) == Verp(12345, 20500)
    assert verp.read_verp_token(KEY, 4, token) is None
    assert verp.read_verp_token(b"another key of 16+", 3, token) is None
    for at, letter in enumerate(token):
        changed = token[:at] + ("0" if letter != "0" else "1") + token[at + 1 :]
        assert verp.read_verp_token(KEY, 3, changed) is None
    for text in ("", token[:20], token[:24], token + "z", "é" + token[1:], token[:24] + "f" * 17, token[:20] + "+" * 9):
        assert verp.read_verp_token(KEY, 3, text) is None


def test_L3_a_member_token_is_good_for_one_purpose_only() -> None:
    token = verp.member_token(KEY, "unsubscribe", 12345)
    assert verp.read_member_token(KEY, "unsubscribe", token.upper()) == 12345
    assert verp.read_member_token(KEY, "feed", token) is None
    assert verp.read_member_token(KEY, "unsubscribe", token + "0") is None
    assert verp.read_member_token(KEY, "unsubscribe", "0" + token[1:] if token[0] != "0" else "1" + token[1:]) is None
    for text in ("", "x", token[:32]):
        assert verp.read_member_token(KEY, "unsubscribe", text) is None
