"""Whether an asker says, in a post of theirs, that the answer above it solved it.

It is meant to be right where it says so, not to see every thanks: of what real lists hold, at least 95 in 100
(tests/core/test_solved.py has cases of both kinds). Only English is looked at, since only English was measured.
"""

import re

MOST = 1_200  # characters of own words: who writes more has more to say than thanks

_ADVICE = r"the (?:suggestion|fix|patch|workaround|solution|advice|change|hint|tip)(?: (?:of|from|by) \w+)?"
_IT = rf"(?:that|this|it|which|your (?:\w+ ){{0,2}}\w+|{_ADVICE})"
_QUITE = r"(?:has |have |just |really |actually |definitely |indeed |all |now |seems to have |appears to have )*"
_WORKED = re.compile(
    rf"\b{_IT} {_QUITE}(?:worked|fixed|solved|resolved|did (?:it|the trick|the job))\b"
    r"|\b(?:problem|issue|question|error|mystery) (?:is |was |has been |now )*(?:solved|fixed|resolved|answered|gone)\b"
    r"|\b(?:it|that|this|everything|all) (?:is )?(?:now )?(?:works|working)"
    r" (?:now|perfectly|fine|great|well|nicely|beautifully|like a charm|as expected)\b"
    r"|\b(?:answers|answered|solves|solved|resolves|resolved|fixes|fixed) (?:all )?my (?:question|problem|issue)s?\b"
    r"|\b(?:that|this|it|which) (?:clears|cleared|clarifies|clarified|explains|explained)"
    r" (?:it|this|that|things|everything)\b"
    r"|\bexactly what i (?:needed|wanted|was looking for|was after)\b"
    r"|\b(?:that|this) was (?:indeed |exactly )?(?:it|the problem|the issue|the cause)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(?:thank|thanks|thx|cheers|appreciate|grateful)", re.IGNORECASE)
_ONLY = re.compile(r"(?:\[?solved\]?|problem solved|issue solved|that (?:worked|did it))[.! ]*", re.IGNORECASE)
# What takes it back where it stands in the same sentence, and what does wherever it stands.
_DOUBT = re.compile(
    r"\b(?:no|not|never|cannot|without|but|although|though|almost|nearly|part(?:ial)?ly|if|whether|until|unless|when|would"
    r"|should|could|might|may|hope|hoping|will|try|tried|trying|before|previously|only|same|how|why|assum\w+|guess)\b|n['’]t\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\?|\b(?:unfortunately|however|still|except|another|further|remaining|next (?:problem|question|issue)"
    r"|new (?:problem|question|issue|error))\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!;:]\s|\n\n")


def solves(own: str) -> bool:
    """Whether these own words of a post say so. Linear time."""
    text = own.strip()
    if not text or len(text) > MOST or _MORE.search(text):
        return False
    if _ONLY.fullmatch(text):
        return True
    if not _THANKS.search(text):
        return False
    sentences = (" ".join(sentence.split()) for sentence in _SENTENCE.split(text))
    return any(_WORKED.search(sentence) and not _DOUBT.search(sentence) for sentence in sentences)
