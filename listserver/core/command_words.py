"""The words of commands by mail, of every tradition (LISTSERV, Majordomo, Mailman, Sympa; docs: commands by mail).

A word in capitals and small letters may be cut short down to its capitals, as LISTSERV does: SUBscribe, UNSub, SIG.
"""

from enum import StrEnum


class Do(StrEnum):
    """What a command asks for."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    SET = "set"
    CHANGE = "change"
    WHICH = "which"
    LISTS = "lists"
    WHO = "who"
    INFO = "info"
    HELP = "help"
    INDEX = "index"
    LAST = "last"
    GET = "get"
    THREAD = "thread"
    SEARCH = "search"
    CONFIRM = "confirm"
    APPROVE = "approve"
    REJECT = "reject"
    DISCARD = "discard"
    WAITING = "modindex"
    UNDO = "undo"
    FOLLOW = "follow"
    MUTE = "mute"
    ADD = "add"
    DELETE = "delete"
    INVITE = "invite"
    REMIND = "remind"
    STATS = "stats"
    SET_LIST = "set-list"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SPELLINGS = {
    Do.SUBSCRIBE: "SUBscribe JOIN SIGNON",
    Do.UNSUBSCRIBE: "UNSubscribe SIGnoff LEAVE REMOVE",
    Do.SET: "SET",
    Do.CHANGE: "CHANGE",
    Do.WHICH: "WHICH Query STATUS SHOW",
    Do.LISTS: "LISTS",
    Do.WHO: "WHO REView",
    Do.INFO: "INFo INTRO FAQ",
    Do.HELP: "HELP",
    Do.INDEX: "INDex",
    Do.LAST: "LAST",
    Do.GET: "GET GETPOST",
    Do.THREAD: "THREAD",
    Do.SEARCH: "SEArch FIND",
    Do.CONFIRM: "CONfirm AUTH OK",
    Do.APPROVE: "DIStribute ACCEPT APPROVE",
    Do.REJECT: "REJect",
    Do.DISCARD: "DISCARD",
    Do.WAITING: "MODINDEX",
    Do.UNDO: "UNDO",
    Do.FOLLOW: "FOLLOW",
    Do.MUTE: "MUTE",
    Do.ADD: "ADD",
    Do.DELETE: "DELete",
    Do.INVITE: "INVITE",
    Do.REMIND: "REMIND",
    Do.STATS: "STATs STATISTICS",
    Do.SET_LIST: "SET-LIST",
}


def _cut(spelling: str) -> list[str]:
    """SUBscribe -> sub, subs, … subscribe."""
    least = sum(letter.isupper() or not letter.isalpha() for letter in spelling)
    return [spelling[:length].lower() for length in range(least, len(spelling) + 1)]


WORDS = {word: do for do, spellings in _SPELLINGS.items() for spelling in spellings.split() for word in _cut(spelling)}
# What people write for these in the languages of our mails.
_TRANSLATED = {
    Do.SUBSCRIBE: """
    abonnieren anmelden abonner s'abonner s’abonner m'abonner m’abonner
    """,
    Do.UNSUBSCRIBE: """
    abmelden abmeldung abbestellen abbestellung austragen
    désabonner désabonnement désinscrire désinscription desabonner desabonnement desinscrire desinscription
    """,
    Do.HELP: "hilfe aide",
}
WORDS |= {word: do for do, words in _TRANSLATED.items() for word in words.split()}
FULL_WORDS = tuple(word.lower() for spellings in _SPELLINGS.values() for word in spellings.split())

# A member's settings by the names of `member set`; the value of a word that stands alone.
_VALUES: dict[tuple[str, str | bool], str] = {
    ("mode", "each"): "MAIL EACH NODIGests NOINDex NORMAL",
    ("mode", "nomail"): "NOMail POSTPONE VACATION",
    ("mode", "digest"): "DIGests",
    ("mode", "daily"): "DAILY",
    ("mode", "weekly"): "WEEKLY",
    ("mode", "monthly"): "MONTHLY",
    ("mode", "index"): "INDex SUMMARY NOTICE",
    ("own_copies", True): "REPro",
    ("own_copies", False): "NOREPro NOT_ME",
    ("ack", True): "ACK MSGack",
    ("ack", False): "NOACK",
    ("concealed", True): "CONCeal",
    ("concealed", False): "NOCONCeal",
    ("pause_until", "none"): "RESUME",
}
OPTIONS = {word: value for value, texts in _VALUES.items() for text in texts.split() for word in _cut(text)}
# Words that on or off must follow (Mailman); the value that they have when on.
SWITCHES: dict[str, tuple[str, str | bool, str | bool]] = {
    "myposts": ("own_copies", True, False),
    "hide": ("concealed", True, False),
    "conceal": ("concealed", True, False),
    "ack": ("ack", True, False),
    "delivery": ("mode", "each", "nomail"),
    "digest": ("mode", "digest", "each"),
}
# Languages by their names; others by their code.
LANGUAGES = {
    "english": "en", "englisch": "en", "anglais": "en", "german": "de", "deutsch": "de", "allemand": "de",
    "french": "fr", "französisch": "fr", "français": "fr", "francais": "fr",
}  # fmt: skip
FORMS = {"plain": "plain", "text": "plain", "txt": "plain", "mime": "mime", "html": "html"}
OPTION_WORDS = (
    *(text.lower().removesuffix("s") for texts in _VALUES.values() for text in texts.split()),
    *(word for word in SWITCHES if word not in OPTIONS),
    *("digestplain", "mode", "pause", "topics", "zone", "language"),
)

HELP_TOPICS = frozenset({"commands", "archive", "moderators", "owners"})  # beside the commands and settings
ENDS = frozenset({"--", "//", "end", "quit", "stop", "exit"})

# Words that no name, topic or list has: a line with one of them is a sentence.
PROSE = _words(
    """
    a about again all already am an and are as at be been bitte but by can could danke das dear der did die do does
    du el email et favor for from gracias group had has have he hello hi how i ich if in is it je know la las le les
    like list los mail mailing may me merci mich might mir moi more must my need nicht no not nous o oder of off on
    or ou our out pas please por shall she should sie so still than thank thanks that the these they think this
    those to un und une up us vous want was we were what when where who whom why will wir with would y yo you your
    """
)
# Parts of names that are written small.
PARTICLES = _words(
    """
    af al av bin da das de del della den der di dos e el ibn la le ten ter van von y zu
    """
)
# What people put around "subscribe" and "unsubscribe".
REQUEST = _words(
    """
    address e-mail email from list mailing me my off please thank thanks that the this to you your
    adresse aus bitte danke der dieser ich liste mail mailingliste meine mich möchte verteiler vom von
    cette de je la ma mail merci mon plaît s'il svp se souhaite veuillez voudrais vous
    """
)
# A greeting or farewell around a bare request.
GREETINGS = _words(
    """
    all best bye cheers dear hello hey hi list madam regards sincerely sir sirs thank thanks there
    danke freundlichen grüße grüßen gruß guten hallo liebe mit tag viele
    bonjour bonsoir cordialement madame merci monsieur salut
    """
)
