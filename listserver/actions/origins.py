"""Authors whose domain's policy (DMARC) would lose the copies of what they write: what is kept of it (standards A6).

A rewritten From names an address of ours that stands for the author for good (actions/aliases.py).
"""

import secrets
from datetime import datetime

from sqlalchemy import Connection

from listserver.core import address, alias, mitigation
from listserver.core.addrspec import Mailbox
from listserver.core.envelope import Authenticity
from listserver.core.message import Post
from listserver.store import origins
from listserver.store.lists import List
from listserver.store.origins import Origin


def keep(conn: Connection, lst: List, post: Post, found: Authenticity, post_id: int, now: datetime) -> None:
    """Keep what composing the copies of a post has to know of its author, where it matters at all."""
    policy = mitigation.policy_of(found)
    rewrites = mitigation.matters(lst.settings.from_, policy) and bool(post.authors)
    if rewrites or found.results:
        origins.add(conn, post_id, Origin(policy, found.keys, found.chain, found.results))
    if rewrites:
        _ensure_alias(conn, post.authors[0], now)


def _ensure_alias(conn: Connection, author: Mailbox, now: datetime) -> None:
    key = address.key(author.address)
    if origins.alias_of(conn, key) is not None:
        return
    name = author.name if author.name and "@" not in author.name else author.address.partition("@")[0]
    local = alias.local_part(name, secrets.token_bytes(5))
    while origins.alias_at(conn, local) is not None:
        local = alias.local_part(name, secrets.token_bytes(5))
    origins.add_alias(conn, local, key, author.address, now)
