"""Whether a copy still passes its author's DMARC policy, so that From need not be rewritten (standards A6).

The keys are looked up once, at the door; the finished copy is then verified without any question to the DNS.
"""

from collections.abc import Sequence

from listserver.core import dkim, dmarc
from listserver.core.compose import From, choose_from
from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy
from listserver.core.lookup import Answer, Check, Found, run

Keys = Sequence[tuple[str, str]]

STRICT = (DmarcPolicy.QUARANTINE, DmarcPolicy.REJECT)


def policy_of(found: Authenticity) -> DmarcPolicy | None:
    """What the author's domain asks for, None where its DNS did not answer; absent where nobody could look."""
    return None if found.dmarc is AuthResult.TEMPERROR else found.dmarc_policy


def author_keys(raw: bytes, author_domain: str, now: int) -> Check[tuple[tuple[str, str], ...]]:
    """(name, record) of the keys of those signatures that verify and are aligned with the author's domain."""
    records: dict[str, str] = {}
    checking = dkim.check(raw, now)
    try:
        question = next(checking)
        while True:
            answer = yield question
            records[question.name] = answer.records[0] if answer.records else ""
            question = checking.send(answer)
    except StopIteration as end:
        verdicts: tuple[dkim.Verdict, ...] = end.value
    kept: dict[str, str] = {}
    for verdict in verdicts:
        if verdict.result is AuthResult.PASS:
            signed = ((verdict.domain, AuthResult.PASS),)
            outcome = yield from dmarc.check(author_domain, (AuthResult.NONE, ""), signed)
            name = dkim.key_name(verdict.selector, verdict.domain)
            if outcome.result is AuthResult.PASS:
                kept[name] = records[name]
    return tuple(kept.items())


def verifies(copy: bytes, keys: Keys, now: int) -> bool:
    """Whether one of these keys proves the copy. now: seconds since 1970."""
    known = dict(keys)
    if not known:
        return False

    def ask(name: str) -> Answer:
        return Answer(Found.YES, (known[name],)) if name in known else Answer(Found.NO_NAME)

    verdicts = run(dkim.check(copy, now), lambda question: ask(question.name))
    return any(verdict.result is AuthResult.PASS for verdict in verdicts)


def matters(setting: str, policy: DmarcPolicy | None) -> bool:
    """Whether From may have to be rewritten, or is in any case."""
    return choose_from(setting, policy, verified=False) != "keep"


def chosen(setting: str, policy: DmarcPolicy | None, copy: bytes | None, keys: Keys, now: int) -> From:
    """What to do with From. copy: the finished copy with From kept, None if there is none."""
    return choose_from(setting, policy, copy is not None and verifies(copy, keys, now))
