"""The schema (docs/data.md says what each column is for and how long it is kept; migrations/ builds it).

Numbers count the posts of one list from 1; they are given in the transaction that files the post.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    true,
)

from listserver.store.fulltext import CREATE_FULL_TEXT, Words
from listserver.store.moment import Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _ref(name: str, target: str, *, null: bool = False, cascade: bool = True) -> Column[int]:
    return Column(name, Id, ForeignKey(target, ondelete="CASCADE" if cascade else "SET NULL"), nullable=null)


# --- the site ---------------------------------------------------------------------------------------------------------
# site_secret: key of the HMACs in return addresses and links, made at `listserver init`.
site = Table("site", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

lists = Table(
    "lists",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),  # lower case; the local part of its address
    Column("settings", JSON, nullable=False, default=dict),  # only what was set: core.settings.from_stored
    Column("created_at", Moment, nullable=False),
    Column("last_number", Integer, nullable=False, default=0, server_default="0"),
    Column("posts", Integer, nullable=False, default=0, server_default="0"),
    Column("threads", Integer, nullable=False, default=0, server_default="0"),
    Column("members", Integer, nullable=False, default=0, server_default="0"),
    Column("last_post_at", Moment),
    Column("changed", Integer, nullable=False, default=0, server_default="0"),  # counts changes of its archive (ETag)
)

# --- people -----------------------------------------------------------------------------------------------------------
people = Table(
    "people",
    metadata,
    _id(),
    Column("name", Text, nullable=False, default="", server_default=""),
    Column("language", Text, nullable=False, default="", server_default=""),  # "" = the list's
    Column("zone", Text, nullable=False, default="", server_default=""),  # IANA; "" = the list's
    Column("created_at", Moment, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    _id(),
    _ref("person_id", "people.id"),
    Column("key", Text, nullable=False, unique=True),  # core.address.key: equal for equal mailboxes
    Column("address", Text, nullable=False),  # as typed
    Column("verified_at", Moment),
    Column("created_at", Moment, nullable=False),
    Index(None, "person_id"),
)

# An address of ours that stands for an author in a rewritten From, and passes private answers on.
aliases = Table(
    "aliases",
    metadata,
    _id(),
    Column("local", Text, nullable=False, unique=True),  # its local part
    Column("key", Text, nullable=False, unique=True),  # core.address.key of the author
    Column("address", Text, nullable=False),  # of the author
    Column("created_at", Moment, nullable=False),
)

members = Table(
    "members",
    metadata,
    _id(),
    _ref("list_id", "lists.id"),
    _ref("person_id", "people.id"),
    _ref("address_id", "addresses.id"),  # where their copies go; they may post from any address of theirs
    Column("role", Text, nullable=False, default="member", server_default="member"),  # member moderator owner
    Column("mode", Text, nullable=False, default="each", server_default="each"),  # what they chose
    Column("state", Text, nullable=False, default="active", server_default="active"),
    # What they are due now, of posts with number > receives_since: "each", "nothing", or a stream of digests, which is
    # their mode and, where it is not the list's, their time zone (core.schedule.stream).
    # Earlier choices that posts on their way still need are in past_receives.
    Column("receives", Text, nullable=False, default="each", server_default="each"),
    Column("receives_since", Integer, nullable=False, default=0, server_default="0"),
    Column("pause_until", Moment),
    Column("own_copies", Boolean, nullable=False, default=True, server_default=true()),
    Column("concealed", Boolean, nullable=False, default=False, server_default=false()),
    Column("moderated", Boolean),  # NULL = as the list's moderation says
    Column("known", Boolean, nullable=False, default=False, server_default=false()),  # never held as a new member
    Column("accepted_posts", Integer, nullable=False, default=0, server_default="0"),
    Column("digest_form", Text, nullable=False, default="", server_default=""),  # "" = the list's
    Column("topics", Text, nullable=False, default="", server_default=""),  # core.topics: "" = all
    Column("joined_at", Moment, nullable=False),
    UniqueConstraint("list_id", "person_id"),
    Index(None, "list_id", "receives", "id"),  # the fan-out reads along this
    Index(None, "pause_until"),
    Index(None, "person_id"),
    Index(None, "address_id"),
)

past_receives = Table(
    "past_receives",
    metadata,
    _id(),
    _ref("list_id", "lists.id"),
    _ref("member_id", "members.id"),
    Column("receives", Text, nullable=False),
    Column("since", Integer, nullable=False),  # due were posts with since < number <= until
    Column("until", Integer, nullable=False),
    Index(None, "list_id", "receives", "member_id"),
    Index(None, "member_id"),
)

bans = Table(
    "bans",
    metadata,
    _id(),
    _ref("list_id", "lists.id", null=True),  # NULL = all lists
    Column("pattern", Text, nullable=False),  # an address, or one with * for any characters; case does not matter
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("list_id", "pattern"),
)

# --- the archive ------------------------------------------------------------------------------------------------------
threads = Table(
    "threads",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),  # that of the post that began it when it was filed
    _ref("list_id", "lists.id"),
    Column("identifier", Text, nullable=False),  # of its first post
    Column("subject", Text, nullable=False),
    Column("root_id", Id),  # the post that began it (no foreign key: the two tables would hold each other)
    Column("parent_id", Id),  # the thread it grew out of ("new topic (was: old)"), NULL for most
    Column("posts", Integer, nullable=False, default=0, server_default="0"),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("last_id", Id),  # its newest post
    Column("answered_id", Id),  # the post that solved it, as its asker said
    Column("alike", Text, nullable=False, default="", server_default=""),  # older threads like it, at most three ids
    Column("changed", Integer, nullable=False, default=0, server_default="0"),
    Index(None, "list_id", "last_at"),
    Index(None, "list_id", "first_at"),
    Index(None, "root_id"),
    Index(None, "parent_id"),
)

posts = Table(
    "posts",
    metadata,
    _id(),
    _ref("list_id", "lists.id"),
    Column("number", Integer, nullable=False),
    Column("identifier", Text, nullable=False),  # 10 characters, for URLs (archive/README.md)
    Column("message_id", Text, nullable=False),  # without <>; made from the content where the mail has none
    Column("content_hash", LargeBinary, nullable=False),
    _ref("thread_id", "threads.id"),
    Column("parent_id", Id),  # the nearest post it answers that is here; of another thread where a new topic begins
    Column("distance", Integer, nullable=False, default=0, server_default="0"),  # n posts between the two are not here
    Column("person_id", Id, ForeignKey("people.id", ondelete="SET NULL")),  # NULL = author unknown to us
    Column("author_name", Text, nullable=False),
    Column("author_address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("subject_key", Text, nullable=False),  # core.thread.subject_key: prefixes and tags stripped
    Column("sent_at", Moment, nullable=False),  # its Date if credible, else received_at
    Column("received_at", Moment, nullable=False),
    Column("size", Integer, nullable=False),
    Column("files", Integer, nullable=False, default=0, server_default="0"),
    Column("opening", Text, nullable=False, default="", server_default=""),  # its first own sentence, 140 characters
    Column("state", Text, nullable=False, default="shown", server_default="shown"),  # shown hidden deleted
    Column("due", Boolean, nullable=False, default=True, server_default=true()),  # members get it; not if imported
    UniqueConstraint("list_id", "number"),
    UniqueConstraint("list_id", "identifier"),
    Index(None, "list_id", "message_id"),
    Index(None, "list_id", "subject_key", "sent_at"),
    Index(None, "list_id", "person_id", "received_at"),
    Index(None, "list_id", "received_at"),
    Index(None, "list_id", "author_address", "received_at"),
    Index(None, "thread_id", "sent_at"),
)

# The words by which the subjects of threads are known, as numbers (core.similar): who shares rare ones is alike.
thread_words = Table(
    "thread_words",
    metadata,
    Column("list_id", Id, ForeignKey("lists.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("word", Integer, primary_key=True, autoincrement=False),
    Column("thread_id", Id, ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Index(None, "thread_id"),
)

# What a member said about one thread: follow (whatever their topics are), or mute.
thread_marks = Table(
    "thread_marks",
    metadata,
    _id(),
    _ref("member_id", "members.id"),
    _ref("thread_id", "threads.id"),
    Column("mark", Text, nullable=False),  # follow, mute
    UniqueConstraint("member_id", "thread_id"),
    Index(None, "thread_id", "member_id"),
)

raw = Table(
    "raw",
    metadata,
    Column("post_id", Id, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("enc", Text, nullable=False),  # "zstd" or "" (as it came)
    Column("bytes", LargeBinary, nullable=False),
)

# What the author's domain asks of those who get its mail (DMARC), of posts whose copies it concerns; see A6.
origins = Table(
    "origins",
    metadata,
    Column("post_id", Id, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("policy", Text, nullable=False),  # none quarantine reject absent; "" = its DNS did not answer
    Column("keys", JSON, nullable=False, default=list),  # [name, record] of the DKIM keys that prove the author
    Column("chain", Text, nullable=False, server_default="none"),  # of ARC: none pass fail
    Column("results", Text, nullable=False, server_default=""),  # what a seal of ours says, "" where we make none
)

# What pages, digests and the search need of a post, so that none of them reads mail.
bodies = Table(
    "bodies",
    metadata,
    Column("post_id", Id, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),  # core.content.Content, zstd
    Column("words", Words, nullable=False),  # what the search finds it by
    Index(None, "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
)
event.listen(metadata, "after_create", CREATE_FULL_TEXT.execute_if(dialect="sqlite"))  # and the index on SQLite

# How another program's archive named a post of ours; filled by an import, so that its links lead here.
old_links = Table(
    "old_links",
    metadata,
    _id(),
    _ref("list_id", "lists.id"),
    Column("name", Text, nullable=False),  # core.old_links
    _ref("post_id", "posts.id"),
    UniqueConstraint("list_id", "name"),
    Index(None, "post_id"),
)

# A parent that a post names and that is not here (yet): when it comes, it adopts.
awaited = Table(
    "awaited",
    metadata,
    _id(),
    _ref("list_id", "lists.id"),
    Column("message_id", Text, nullable=False),
    _ref("post_id", "posts.id"),
    Column("distance", Integer, nullable=False),  # how many posts stand between the two
    Column(
        "joins", Boolean, nullable=False
    ),  # others who name it are of this post's thread; one row of each absent post
    Index(None, "list_id", "message_id", "joins"),
    Index(None, "post_id"),
)

# --- decisions --------------------------------------------------------------------------------------------------------
holds = Table(
    "holds",
    metadata,
    _id(),
    _ref("list_id", "lists.id"),
    Column("kind", Text, nullable=False),  # post, join
    Column("address", Text, nullable=False),  # of the author, or of who wants to join
    Column("name", Text, nullable=False, default="", server_default=""),
    Column("subject", Text, nullable=False, default="", server_default=""),
    Column("reasons", JSON, nullable=False, default=list),  # codes of core.policy, all that applied
    Column("envelope", JSON, nullable=False, default=dict),  # core.envelope.Envelope, to judge again
    Column("message_id", Text, nullable=False, default="", server_default=""),
    Column("content_hash", LargeBinary),
    Column("enc", Text, nullable=False, default="", server_default=""),
    Column("bytes", LargeBinary),  # emptied when decided
    Column("size", Integer, nullable=False, default=0, server_default="0"),
    Column("held_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("claimed_by", Id),
    Column("claimed_until", Moment),
    Column("decision", Text),  # NULL = waits; approved rejected discarded expired
    Column("decided_by", Text),  # name or address, as the second moderator is told
    Column("decided_at", Moment),
    Index(None, "list_id", "decision", "held_at"),
    Index(None, "list_id", "message_id"),
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    Column(
        "hash", LargeBinary, nullable=False, unique=True
    ),  # SHA-256 of the 128 bits; the token itself is only mailed
    Column("action", Text, nullable=False),  # what it does: join, leave, moderate, …
    _ref("list_id", "lists.id", null=True),
    _ref("person_id", "people.id", null=True),
    _ref("hold_id", "holds.id", null=True),
    Column("address", Text, nullable=False),  # key of the address it was mailed to; counts only from there
    Column("arguments", JSON, nullable=False, default=dict),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index(None, "address", "created_at"),
    Index(None, "hold_id"),
    Index(None, "expires_at"),
)

# A browser in which somebody signed in, by a link that was mailed to their address.
sessions = Table(
    "sessions",
    metadata,
    _id(),
    Column("hash", LargeBinary, nullable=False, unique=True),  # SHA-256 of what the cookie holds
    _ref("person_id", "people.id"),
    Column("address", Text, nullable=False),  # where the link was mailed
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index(None, "person_id"),
    Index(None, "expires_at"),
)

# --- on their way out -------------------------------------------------------------------------------------------------
# A mail that we wrote, rendered, for one recipient; its straggler row sends it.
notices = Table(
    "notices",
    metadata,
    _id(),
    _ref("list_id", "lists.id", null=True),
    Column("name", Text, nullable=False),  # which notice: the name of its template
    Column("address", Text, nullable=False),
    Column("sender", Text, nullable=False, default="", server_default=""),  # envelope sender; "" = null
    Column("bytes", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "address", "name", "created_at"),
    Index(None, "name", "created_at", "list_id"),
)

# One period's digest of a list: posts with after < number <= upto. Those of one stream follow each other; where nobody
# is due what lies between, a row without copies, or a gap, stands for it.
editions = Table(
    "editions",
    metadata,
    _id(),
    _ref("list_id", "lists.id"),
    Column("mode", Text, nullable=False),  # a stream, see members.receives
    Column("after", Integer, nullable=False),
    Column("upto", Integer, nullable=False),
    Column("made_at", Moment, nullable=False),
    UniqueConstraint("list_id", "mode", "upto"),
)

# Copies for the members of a list with `after` < id <= `upto` (NULL = no end). `after` is also the cursor: it is moved
# as the relay takes them. Whoever claims a large one cuts about 500 members off and leaves the rest in a second row.
deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    _ref("list_id", "lists.id"),
    _ref("post_id", "posts.id", null=True),
    _ref("edition_id", "editions.id", null=True),
    Column("number", Integer, nullable=False),  # who is due: receives_since < number (see members)
    Column("after", Id, nullable=False, default=0, server_default="0"),
    Column("upto", Id),
    Column("priority", Integer, nullable=False),  # lower first: 0 notices, 1 posts, 2 digests
    Column("due", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, default=0, server_default="0"),
    Column("lease", Text),  # the worker that has it
    Column("lease_until", Moment),
    Column("state", Text, nullable=False, default="pending", server_default="pending"),  # pending, stopped
    Column("insisted", Boolean, nullable=False, default=False, server_default=false()),  # goes on though many refuse it
    Column("reply", Text, nullable=False, server_default=""),  # why it was put off or stopped, as with stragglers
    Column("created_at", Moment, nullable=False),
    Index(None, "state", "priority", "due", "id"),
    Index(None, "lease"),
    Index(None, "post_id"),
)

# One recipient not yet taken by the relay: a notice, or a member whose copy was put off.
stragglers = Table(
    "stragglers",
    metadata,
    _id(),
    _ref("list_id", "lists.id", null=True),
    _ref("post_id", "posts.id", null=True),
    _ref("edition_id", "editions.id", null=True),
    _ref("notice_id", "notices.id", null=True),
    _ref("member_id", "members.id", null=True),
    Column("address", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, default=0, server_default="0"),
    Column("first_tried_at", Moment),
    Column("reply", Text, nullable=False, default="", server_default=""),  # what the relay said last
    Column("lease", Text),
    Column("lease_until", Moment),
    Column("state", Text, nullable=False, default="pending", server_default="pending"),  # pending, failed
    Column("created_at", Moment, nullable=False),
    Index(None, "state", "priority", "due", "id"),
    Index(None, "lease"),
    Index(None, "member_id"),
)

bounces = Table(
    "bounces",
    metadata,
    _id(),
    _ref("list_id", "lists.id", null=True),
    _ref("member_id", "members.id", null=True),
    _ref("post_id", "posts.id", null=True),
    Column("address", Text, nullable=False),
    Column("kind", Text, nullable=False),  # dead full temporary policy complaint unknown
    Column("day", Integer, nullable=False, default=0, server_default="0"),  # on which the copy was sent, since 1970
    Column("status", Text, nullable=False, default="", server_default=""),  # enhanced code
    Column("text", Text, nullable=False, default="", server_default=""),
    Column("source", Text, nullable=False),  # smtp, dsn, arf
    Column("at", Moment, nullable=False),
    Index(None, "list_id", "at"),
    Index(None, "member_id", "at"),
    Index(None, "post_id"),
)

# Members whose address is in doubt. The row goes when copies reach them again, or when they leave.
suspensions = Table(
    "suspensions",
    metadata,
    Column("member_id", Id, ForeignKey("members.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("since", Moment),  # NULL = only probed so far, and still sent to
    Column("why", Text, nullable=False),  # a kind of bounces
    Column("probe_id", Id),  # the notice that asks whether mail arrives; NULL once it came back
    Column("probed_at", Moment),  # NULL = not probed: after a complaint
    Column("failures", Integer, nullable=False, default=0, server_default="0"),  # probes that came back
    Index(None, "probed_at"),
    Index(None, "probe_id"),
)

# --- what happened ----------------------------------------------------------------------------------------------------
events = Table(
    "events",
    metadata,
    _id(),
    Column("at", Moment, nullable=False),
    Column("name", Text, nullable=False),  # the vocabulary of listserver/log.py
    Column("list_id", Id),  # no foreign key: the record outlives the list
    Column("person_id", Id),
    Column("actor", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("data", JSON, nullable=False, default=dict),
    Index(None, "list_id", "at"),
    Index(None, "person_id", "at"),
    Index(None, "at"),
)

# A periodic job has fired for this slot: whoever inserts the row does the work.
ticks = Table(
    "ticks",
    metadata,
    Column("job", Text, primary_key=True),
    Column("slot", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)
