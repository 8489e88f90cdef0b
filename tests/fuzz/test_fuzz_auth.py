"""SPF, DKIM, DMARC, ARC and Authentication-Results on whatever strangers may write in mails and in the DNS."""

from hypothesis import given
from hypothesis import strategies as st

from listserver.core import arc, authres, dkim, dmarc, spf
from listserver.core.envelope import AuthResult
from listserver.core.lookup import Answer, Check, Found, Question, run
from listserver.core.message import read

RECORDS = [
    "v=spf1 include:a.example -all",
    "v=spf1 redirect=%{d}",
    "v=spf1 a mx ptr exists:%{p}.%{ir}.x -all",
    "a.example",
    "v=DMARC1; p=reject; sp=none",
    "v=DMARC1; psd=y; p=none; np=reject",
    "v=DKIM1; p=AAAA",
    "k=ed25519; p=",
]
ANSWERS = st.builds(
    lambda found, records: Answer(found, tuple(records) if found is Found.YES else ()),
    st.sampled_from(Found),
    st.lists(st.text(max_size=60) | st.sampled_from(RECORDS), min_size=1, max_size=3),
)
ADDRESSES = st.sampled_from(["192.0.2.1", "2001:db8::1"])
NAMES = st.sampled_from(["v", "a", "b", "bh", "c", "d", "h", "i", "l", "q", "s", "t", "x", "cv"])
VALUES = st.text(max_size=12) | st.sampled_from(["1", "rsa-sha256", "x.example", "from", "AA=="])
TAGS = st.lists(st.tuples(NAMES, VALUES)).map(lambda pairs: "; ".join(f"{name}={value}" for name, value in pairs))


def bounded(check: Check, data: st.DataObject) -> tuple[object, int]:  # type: ignore[type-arg]
    asked = 0

    def answer(question: Question) -> Answer:
        nonlocal asked
        asked += 1
        if question.kind in ("A", "AAAA"):
            return Answer(Found.YES, (data.draw(ADDRESSES),))
        return data.draw(ANSWERS)

    return run(check, answer), asked


@given(st.data(), st.text(max_size=30), st.text(max_size=30))
def test_A1_spf_ends(data: st.DataObject, helo: str, sender: str) -> None:
    (result, _), asked = bounded(spf.check("192.0.2.1", helo, sender), data)  # type: ignore[misc]
    assert isinstance(result, AuthResult)
    assert asked <= 1 + 10 * 13 + 20  # each of ten lookups may ask for ten hosts


@given(st.data(), st.lists(TAGS, max_size=4))
def test_A2_dkim_ends(data: st.DataObject, values: list[str]) -> None:
    raw = (
        "".join(f"DKIM-Signature: {value}\r\n" for value in values).encode("utf-8", "replace")
        + b"From: x\r\n\r\nhi\r\n"
    )
    verdicts, asked = bounded(dkim.check(raw, 0), data)
    assert all(verdict.result is not AuthResult.PASS for verdict in verdicts)  # type: ignore[attr-defined]
    assert asked <= 5


@given(st.data(), st.text(max_size=40), st.lists(st.text(max_size=20), max_size=4))
def test_A4_dmarc_ends(data: st.DataObject, author: str, signers: list[str]) -> None:
    proofs = [(signer, AuthResult.PASS) for signer in signers]
    outcome, asked = bounded(dmarc.check(author, (AuthResult.PASS, "x.example"), proofs), data)
    assert isinstance(outcome, dmarc.Outcome)
    assert asked <= 8 * (2 + len(signers)) + 1


@given(
    st.data(),
    st.lists(st.tuples(st.sampled_from(["Seal", "Message-Signature", "Authentication-Results"]), TAGS), max_size=6),
)
def test_A10_arc_ends(data: st.DataObject, fields: list[tuple[str, str]]) -> None:
    raw = "".join(f"ARC-{kind}: i=1; {value}\r\n" for kind, value in fields).encode("utf-8", "replace") + b"\r\nhi\r\n"
    chain, asked = bounded(arc.check(raw, 0), data)
    assert chain.result is not AuthResult.PASS  # type: ignore[attr-defined]
    assert asked <= 51


@given(st.text() | st.text(alphabet='a;=." ()\\/-'))
def test_A3_authres_never_raises(value: str) -> None:
    parsed = authres.parse(value)
    assert parsed is None or len(parsed.results) <= 100
    raw = f"Authentication-Results: {value}\r\nFrom: a@b.example\r\n\r\n".encode("utf-8", "replace")
    authres.believed(read(raw), "a")
