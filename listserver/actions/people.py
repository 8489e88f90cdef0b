"""Verbs on people: who acts behind an address."""

from sqlalchemy import Connection

from listserver.core.actor import Actor, Proof
from listserver.store import people


def actor(conn: Connection, address: str, proof: Proof, door: str) -> Actor:
    """The actor who holds that address, with what proves it; one whom we do not know has no person_id."""
    person = people.find(conn, address)
    return Actor(proof, address, person.id if person else None, door)
