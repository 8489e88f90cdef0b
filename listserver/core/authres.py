"""Authentication-Results fields (RFC 8601): read leniently, believed only from the authserv-id of our own mail server.

Whatever others write there is a claim. `claims` finds the fields that pretend to be ours; the door drops
them before anything is judged, unless the trusted mail server handed the mail over.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy
from listserver.core.message import Field, Post

_MAX_RESULTS = 100
_TOKEN = re.compile(r'\(|;|"|=|[^\s();"=]+|[\s)]+')


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result. properties: (ptype, property, value), ptype "" where none was written."""

    method: str
    result: str
    version: str = ""
    reason: str = ""
    comment: str = ""
    properties: tuple[tuple[str, str, str], ...] = ()

    def get(self, *names: str) -> str:
        """The value of the first of these properties ("header.d") that is there, "" if none."""
        for name in names:
            for ptype, name_of, value in self.properties:
                if name == (f"{ptype}.{name_of}" if ptype else name_of):
                    return value
        return ""


@dataclass(frozen=True, slots=True)
class Results:
    """One field. authserv_id: "" where the writer left it out (Microsoft does). version: "" means 1."""

    authserv_id: str
    version: str
    results: tuple[Result, ...]


@dataclass(slots=True)
class _Token:
    kind: str  # "word", "quoted", "=", ";", "comment", "space"
    text: str


def parse(value: str) -> Results | None:
    """Read the value of one field; None where it has no authserv-id, no result and no "none"."""
    segments = _segments(_tokens(value))
    authserv_id = version = ""
    first = [t for t in segments[0] if t.kind != "comment"]
    if first and not any(t.kind == "=" for t in first):
        authserv_id = first[0].text.lower()
        version = first[1].text if len(first) > 1 and first[1].text.isdigit() else ""
        segments = segments[1:]
    results = [r for s in segments[:_MAX_RESULTS] if (r := _result(s)) is not None]
    if not results and not authserv_id:
        return None
    return Results(authserv_id, version, tuple(results))


def _tokens(value: str) -> list[_Token]:
    """RFC 5322 comments and quoted strings, and RFC 2045 tokens, in one pass, without the spaces between them."""
    tokens: list[_Token] = []
    position = 0
    while position < len(value):
        found = _TOKEN.match(value, position)
        assert found is not None
        text, position = found.group(), found.end()
        if text == "(":
            text, position = _comment(value, position)
            tokens.append(_Token("comment", text))
        elif text == '"':
            text, position = _quoted(value, position)
            tokens.append(_Token("quoted", text))
        elif text in (";", "="):
            tokens.append(_Token(text, text))
        elif text[0] != ")" and not text[0].isspace():
            tokens.append(_Token("word", text))
    return tokens


def _comment(value: str, position: int) -> tuple[str, int]:
    depth, start = 1, position
    while position < len(value):
        char = value[position]
        position += 2 if char == "\\" else 1
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            return value[start : position - 1].strip(), position
    return value[start:].strip(), position


def _quoted(value: str, position: int) -> tuple[str, int]:
    text = ""
    for piece in re.compile(r'\\.|[^"\\]+|\\$', re.S).finditer(value, position):
        if piece.start() != position:
            break
        position = piece.end()
        text += piece.group() if piece.group()[0] != "\\" else piece.group()[1:]
    return text, position + 1


def _segments(tokens: Sequence[_Token]) -> list[list[_Token]]:
    segments: list[list[_Token]] = [[]]
    for token in tokens:
        if token.kind == ";":
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


def _result(segment: Sequence[_Token]) -> Result | None:
    """`method[/version]=result [reason=…] ptype.property=value …`; None for "none", an id written again, or nothing."""
    comment = " ".join(t.text for t in segment if t.kind == "comment")
    pairs = _pairs([t for t in segment if t.kind != "comment"])
    if not pairs:
        return None
    (name, result), *rest = pairs
    method, _, version = name.partition("/")
    reason = ""
    properties = []
    for key, value in rest:
        ptype, dot, name_of = key.partition(".")
        if key.lower() == "reason" and not reason:
            reason = value
        else:
            properties.append((ptype.lower(), name_of.lower(), value) if dot else ("", key.lower(), value))
    return Result(method.lower(), result.lower(), version, reason, comment, tuple(properties))


def _pairs(tokens: Sequence[_Token]) -> list[tuple[str, str]]:
    """`name = value` pairs; a value goes on over further "=" (base64), and words without "=" are passed over."""
    pairs: list[tuple[str, str]] = []
    n = 0
    while n + 2 < len(tokens):
        if tokens[n].kind != "word" or tokens[n + 1].kind != "=" or tokens[n + 2].kind == "=":
            n += 1
            continue
        name, value = tokens[n].text, tokens[n + 2].text
        n += 3
        while n < len(tokens) and tokens[n].kind == "=" and not (n + 1 < len(tokens) and tokens[n + 1].kind != "="):
            value += "="
            n += 1
        pairs.append((name, value))
    return pairs


def claims(post: Post, authserv_id: str) -> tuple[Field, ...]:
    """The fields that say they are of this authserv-id, whatever their case, folding and comments (RFC 8601 §5)."""
    return tuple(f for f in post.fields if f.name.lower() == "authentication-results" and claims_to_be(f, authserv_id))


def claims_to_be(one: Field, authserv_id: str) -> bool:
    """Whether an Authentication-Results field says that it is of this authserv-id."""
    return _id(one) == authserv_id.lower()


def without(raw: bytes, fields: Sequence[Field]) -> bytes:
    """The mail without these of its fields."""
    pieces = []
    position = 0
    for one in fields:
        pieces.append(raw[position : one.start])
        position = one.end
    return b"".join([*pieces, raw[position:]])


def believed(post: Post, authserv_id: str) -> Authenticity | None:
    """What our own mail server found, from the fields of its authserv-id; None if it wrote none.

    Ask only for mail that it handed over itself, and set it to remove what others write under its name (RFC 8601 §5).
    Of several fields the topmost, which is the newest, decides about a method.
    """
    results: list[Result] = []
    seen: set[str] = set()
    for one in claims(post, authserv_id):
        parsed = parse(_text(one))
        new = [r for r in (parsed.results if parsed else ()) if r.method not in seen]
        results += new
        seen |= {r.method for r in new}
    if not results:
        return None
    return _authenticity(post, authserv_id, results)


def _authenticity(post: Post, authserv_id: str, results: Sequence[Result]) -> Authenticity:
    spf = next((r for r in results if r.method == "spf"), Result("spf", "none"))
    dmarc = next((r for r in results if r.method == "dmarc"), Result("dmarc", "none"))
    dkim = tuple((_signer(r), word(r.result)) for r in results if r.method == "dkim" and r.result != "none")
    author = post.authors[0].address if len(post.authors) == 1 else ""
    domain = author.rpartition("@")[2].lower()
    named = dmarc.get("header.from").rpartition("@")[2].lower()
    same = domain != "" and named in ("", domain)
    return Authenticity(
        source=authserv_id,
        spf=word(spf.result),
        spf_domain=spf.get("smtp.mailfrom", "smtp.helo").rpartition("@")[2].lower(),
        dkim=dkim,
        dmarc=word(dmarc.result) if same else AuthResult.NONE,
        dmarc_policy=_policy(dmarc),
        proved=author if same and dmarc.result == "pass" else "",
    )


def tells_pass(value: str, domain: str) -> bool:
    """Whether results (a field's value) say that DMARC passed for an author's domain."""
    told = parse(value)
    return told is not None and any(
        one.method == "dmarc"
        and one.result == "pass"
        and one.get("header.from").rpartition("@")[2].lower() == domain.lower()
        for one in told.results
    )


_DOMAIN = re.compile(r"(?=.{1,253}$)[\w-]+(?:\.[\w-]+)*", re.ASCII)
_MAX_SIGNERS = 10


def written(found: Authenticity, author_domain: str, chain: AuthResult) -> str:
    """What was found, as a field says it behind the authserv-id (RFC 8601 §2.2). chain: of ARC."""
    told = [f"arc={chain}"]
    named = [("spf", found.spf, "smtp.mailfrom", found.spf_domain)]
    named += [("dkim", result, "header.d", domain) for domain, result in found.dkim[:_MAX_SIGNERS]]
    named.append(("dmarc", found.dmarc, "header.from", author_domain))
    for method, result, about, domain in named:
        if result is not AuthResult.NONE and _DOMAIN.fullmatch(domain):
            told.append(f"{method}={result} {about}={domain}")
    return ";\r\n ".join(told)


def word(text: str) -> AuthResult:
    """A result word as one of ours; words that others use mean what RFC 8601 §2.7 calls the same."""
    text = {"hardfail": "fail", "bestguesspass": "none", "policy": "neutral"}.get(text, text)
    return AuthResult(text) if text in set(AuthResult) else AuthResult.NONE


def _signer(result: Result) -> str:
    return (result.get("header.d") or result.get("header.i").rpartition("@")[2]).lower()


def _policy(dmarc: Result) -> DmarcPolicy:
    """The author domain's policy where the writer tells it: OpenDMARC and Google in a comment, others as property."""
    said = re.search(r"\bp=(none|quarantine|reject)\b", dmarc.comment, re.I)
    policy = said.group(1) if said else dmarc.get("policy.published-domain-policy", "policy.p", "action")
    known = {"none": DmarcPolicy.NONE, "quarantine": DmarcPolicy.QUARANTINE, "reject": DmarcPolicy.REJECT}
    known |= {"oreject": DmarcPolicy.REJECT}  # Microsoft: rejected, overridden
    return known.get(policy.lower(), DmarcPolicy.ABSENT)


def _text(one: Field) -> str:
    return one.value.decode("utf-8", "replace")


def _id(one: Field) -> str:
    parsed = parse(_text(one))
    return parsed.authserv_id if parsed else ""
