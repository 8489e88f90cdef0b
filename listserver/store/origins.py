"""Rows about where posts are from: what their authors' domains ask for, and the aliases of authors."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from listserver.core.envelope import AuthResult, DmarcPolicy
from listserver.store.fast import Fast
from listserver.store.tables import aliases, origins


@dataclass(frozen=True, slots=True)
class Origin:
    """policy: None where the domain's DNS did not answer. keys: (name, record) of the author's DKIM keys.

    chain, results: for a seal of ours, as in Authenticity.
    """

    policy: DmarcPolicy | None = DmarcPolicy.ABSENT
    keys: tuple[tuple[str, str], ...] = ()
    chain: AuthResult = AuthResult.NONE
    results: str = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """local: the local part of the alias. address: of the author."""

    local: str
    address: str


_ORIGIN = select(origins.c.policy, origins.c["keys"], origins.c.chain, origins.c.results).where(
    origins.c.post_id == bindparam("post")
)
_ALIAS = select(aliases.c.local, aliases.c.address)
_BY_LOCAL = Fast(_ALIAS.where(aliases.c.local == bindparam("local")), "local")
_BY_KEY = Fast(_ALIAS.where(aliases.c.key == bindparam("key")), "key")


def add(conn: Connection, post_id: int, origin: Origin) -> None:
    """Keep that of a post."""
    policy = "" if origin.policy is None else str(origin.policy)
    keys = [list(key) for key in origin.keys]
    seal = {"chain": str(origin.chain), "results": origin.results}
    conn.execute(insert(origins).values(post_id=post_id, policy=policy, keys=keys, **seal))


def of_post(conn: Connection, post_id: int) -> Origin:
    """That of a post; one that asks for nothing where none was kept."""
    row = conn.execute(_ORIGIN, {"post": post_id}).first()
    if row is None:
        return Origin()
    policy, keys, chain, results = row
    known = tuple((name, record) for name, record in keys)
    return Origin(DmarcPolicy(policy) if policy else None, known, AuthResult(chain), results)


def alias_at(conn: Connection, local: str) -> Alias | None:
    """The alias with that local part (lower case)."""
    row = _BY_LOCAL.first(conn, {"local": local})
    return None if row is None else Alias(*row)


def alias_of(conn: Connection, key: str) -> Alias | None:
    """The alias of an author, by the key of their address."""
    row = _BY_KEY.first(conn, {"key": key})
    return None if row is None else Alias(*row)


def add_alias(conn: Connection, local: str, key: str, address: str, now: datetime) -> None:
    """A new one."""
    conn.execute(insert(aliases).values(local=local, key=key, address=address, created_at=now))
