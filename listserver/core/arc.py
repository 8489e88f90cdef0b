"""ARC chains (RFC 8617): validated; sealed where the site wishes it. Which sealers are trusted is not decided here."""

from collections.abc import Sequence
from dataclasses import dataclass

from listserver.core import canon
from listserver.core.dkim import Signature, Unusable, fetch, key_for, proves, public_key, signature_of, tags
from listserver.core.envelope import AuthResult
from listserver.core.headers import Field
from listserver.core.lookup import Check

_KINDS = ("arc-authentication-results", "arc-message-signature", "arc-seal")


@dataclass(frozen=True, slots=True)
class Chain:
    """result: none (no set), pass, fail, temperror. sealers: the d= of each seal, oldest first, if it passed.
    results: the value of the newest ARC-Authentication-Results, without its instance, if it passed."""

    result: AuthResult
    sealers: tuple[str, ...] = ()
    results: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Set:
    results: Field
    signature: Field
    seal: Field


def check(raw: bytes, now: int) -> Check[Chain]:
    """Validate a mail's chain (§5.2). now: seconds since 1970."""
    raw = canon.crlf(raw)
    fields, body = canon.split(raw)
    try:
        sets = _sets(fields)
        if not sets:
            return Chain(AuthResult.NONE)
        sealed = [_seal(raw, one.seal) for one in sets]
        yield from _newest(raw, fields, body, sets[-1], now)
        for n in range(len(sets), 0, -1):
            yield from _check_seal(raw, sets[:n], sealed[n - 1])
    except Unusable as problem:
        undecided = problem.result is AuthResult.TEMPERROR
        return Chain(AuthResult.TEMPERROR if undecided else AuthResult.FAIL, reason=problem.reason)
    newest = sets[-1].results.value.decode("utf-8", "replace").partition(";")[2]
    return Chain(AuthResult.PASS, tuple(s.domain for s in sealed), newest.strip())


def _sets(fields: Sequence[Field]) -> list[_Set]:
    """The sets 1..N, each with exactly one field of each kind (§5.2 steps 1 and 3). Raises Unusable."""
    found: dict[tuple[str, int], Field] = {}
    highest = 0
    for field in fields:
        kind = field.name.lower()
        if kind not in _KINDS:
            continue
        match = canon.INSTANCE.search(field.value)
        instance = int(match.group(1)) if match else 0
        if not 1 <= instance <= canon.MAX_ARC_SETS or (kind, instance) in found:
            raise Unusable("an ARC field without a number of its own")
        found[kind, instance] = field
        highest = max(highest, instance)
    if len(found) != highest * len(_KINDS):
        raise Unusable("an ARC set is not whole")
    return [_Set(*(found[kind, n] for kind in _KINDS)) for n in range(1, highest + 1)]


def _seal(raw: bytes, field: Field) -> Signature:
    """An ARC-Seal (§4.1.3), read as a signature without body. Raises Unusable."""
    value = field.value.decode("utf-8", "replace")
    found = tags(value)
    if "h" in found or "bh" in found:
        raise Unusable("an ARC-Seal has no h=")
    wanted = "none" if found.get("i") == "1" else "pass"
    if found.get("cv", "").lower() != wanted:
        raise Unusable("cv= says that the chain was broken before")
    found.pop("i")
    whole = raw[field.start : field.end]
    return signature_of({**found, "h": "from", "bh": "AA==", "c": "relaxed/relaxed"}, whole)


def _newest(raw: bytes, fields: Sequence[Field], body: bytes, one: _Set, now: int) -> Check[None]:
    """The newest ARC-Message-Signature must verify (§5.2 step 4)."""
    field = one.signature
    found = tags(field.value.decode("utf-8", "replace"))
    found.pop("i")
    whole = raw[field.start : field.end]
    signature = signature_of(found, whole)
    if "arc-seal" in {name.lower() for name in signature.names}:
        raise Unusable("ARC-Seal must not be signed by ARC-Message-Signature")  # §4.1.2
    key = yield from key_for(signature, body, now)
    own = canon.HEADER[signature.header_form](canon.without_b(whole)).removesuffix(b"\r\n")
    data = canon.signed_fields(raw, fields, signature.names, signature.header_form) + own
    if not proves(key, signature.value, data):
        raise Unusable("the newest ARC-Message-Signature does not verify")


def _check_seal(raw: bytes, sets: Sequence[_Set], seal: Signature) -> Check[None]:
    """The last of these seals signs all ARC fields up to it (§5.1.1)."""
    pieces = []
    for one in sets:
        for field in (one.results, one.signature, one.seal):
            whole = raw[field.start : field.end]
            if field is sets[-1].seal:
                whole = canon.without_b(whole)
            pieces.append(canon.header_relaxed(whole))
    data = b"".join(pieces).removesuffix(b"\r\n")
    text = yield from fetch(seal)
    if not proves(public_key(text, seal), seal.value, data):
        raise Unusable("an ARC-Seal does not verify")
