"""Subjects: what stays of one when reply prefixes and list tags of many languages are taken off (standards I3)."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# A reply, and a forward, as mail programs of many languages write them before a colon; casefolded, after NFKC.
# No single letters ("R:", "I:", Italian): they are words of too many subjects.
_REPLIES = (
    "re|ré|ref|rép|réf|réponse|aw|antw|antwort|sv|vs|vb|odp|res|rif|ynt|vá|ha|atb|bls|blš|απ|απάντηση|σχετ"
    "|отв|отг|отп|на|回复|回覆|答复|答覆|回應|返信|답장|תשובה|رد"
)
_FORWARDS = "fw|fwd|wg|enc|tr|trs|rv|vl|pd|fs|doorst|továbbítás|i̇lt|ilt|пересл|πρθ|转发|轉發|轉寄|転送|전달|הועבר|إعادة"
_LONGEST = 500  # characters of a subject that are looked at; more is noise, and the column is an index


# What may stand before the subject proper: "Re:", "Re[2]:", "AW :", "Re^3:", "回复：" (NFKC makes its colon ASCII).
_PREFIX = re.compile(
    rf" ?(?:(?P<reply>{_REPLIES})|(?:{_FORWARDS}))"
    r" ?(?:[\[(^*]? ?\d{1,4} ?[\])]?)? ?:"
)
_TAG = re.compile(r" ?\[(?P<tag>[^\[\]]{0,120})\]")
_WAS = re.compile(r" ?[\[(] ?(?:was|war|era|était|было|byl[oa]?|waren|wcześniej)[ :]")


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject taken apart. key: equal for the subjects of one conversation; "" if nothing is left.

    reply: a reply prefix stood before it. renamed: it says "(was: …)", so its author began a new topic.
    """

    key: str
    reply: bool
    renamed: bool


@lru_cache(maxsize=4096)
def parse_subject(subject: str) -> Subject:
    """Take a decoded subject apart; time is linear in its length."""
    text = " ".join(unicodedata.normalize("NFKC", subject[:_LONGEST]).casefold().split())
    if text.startswith(("[fwd: ", "[fw: ")) and text.endswith("]"):  # RFC 5256 §2.1, subj-fwd-hdr
        text = text[text.index(" ") : -1]
    reply, at, tag = False, 0, ""
    while found := _PREFIX.match(text, at) or _TAG.match(text, at):
        if found.re is _TAG:
            tag = tag or found["tag"].strip()
        else:
            reply = reply or found["reply"] is not None
        at = found.end()
    rest = text[at:].strip().removesuffix("(fwd)").rstrip()
    was = _WAS.search(rest) if rest.endswith((")", "]")) else None
    named = rest[: was.start()] if was else rest
    # Where nothing else is left, a tag or "(was: …)" is the subject.
    return Subject(named or rest or tag, reply, was is not None and bool(named))


def subject_key(subject: str) -> str:
    """The subject without prefixes and tags, folded: equal for the posts of one conversation."""
    return parse_subject(subject).key


def changed_subject(subject: str, parent_subject: str) -> bool:
    """Whether a reply with `subject` begins a new topic: it says "(was: old)", and its parent is of another one."""
    mine = parse_subject(subject)
    return mine.renamed and mine.key != subject_key(parent_subject)


_LEADING_TAG = re.compile(r"\s*\[([^\[\]]{1,60})\]\s*(?=\S)")
_WORD = re.compile(r"[^\W_]+")


def untagged(subject: str, list_name: str) -> str:
    """The subject without a leading tag that only says which list it is: "[R-meta]" on r-sig-meta-analysis."""
    tag = _LEADING_TAG.match(subject)
    own = set(_WORD.findall(list_name.casefold()))
    return subject[tag.end() :] if tag and set(_WORD.findall(tag[1].casefold())) <= own else subject
