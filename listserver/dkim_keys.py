"""The DKIM keys of the site: files that only their owner may read, in a folder for each state (standards A9).

`next/` is published and does not sign yet, `active/` signs, `old/` does not sign any more but stays in the DNS for a
while, since mail under way is still verified with it. A key changes its state by a rename.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from listserver.core.signing import Key, PrivateKey, load_key
from listserver.errors import UsageError
from listserver.ownership import make_file, make_folder

State = Literal["next", "active", "old"]
STATES: tuple[State, ...] = ("next", "active", "old")
KEEP_OLD = 7 * 86_400  # seconds
RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Stored:
    """A key in its file."""

    key: Key
    state: State
    path: Path


def stored(folder: Path, domain: str) -> list[Stored]:
    """All keys, those that sign first. Raises UsageError for a file that is no key, or that others can read."""
    found = []
    for state in ("active", "next", "old"):
        for path in sorted((folder / state).glob("*.pem"), reverse=True):  # rsa before ed25519
            found.append(Stored(load(path, domain, path.stem), state, path))
    return found


def load(path: Path, domain: str, selector: str) -> Key:
    """The key of one file. Raises UsageError."""
    try:
        if path.stat().st_mode & 0o007:
            raise UsageError(f"{path}: others can read this private key. Run: chmod 600 {path}")
        return load_key(domain, selector, path.read_bytes())
    except OSError as failure:
        raise UsageError(f"{path}: the DKIM key cannot be read: {failure.strerror}.") from failure
    except (ValueError, TypeError) as failure:
        raise UsageError(f"{path}: this is no RSA or Ed25519 private key in PEM without a password.") from failure


def signing(folder: Path, domain: str, own: Path | None = None, selector: str = "") -> tuple[Key, ...]:
    """The keys that sign: the site's own key_file, else the active ones; () where there are none. Raises UsageError."""
    if own is not None:
        if not selector:
            raise UsageError(
                "dkim.key_file is set but dkim.selector is not. Write the selector that the DNS has it under."
            )
        return (load(own, domain, selector),)
    return tuple(one.key for one in stored(folder, domain) if one.state == "active")


def create(folder: Path, domain: str, now: datetime) -> list[Stored]:
    """The first pair, one RSA and one Ed25519 key, that signs at once. Raises UsageError where there are keys."""
    if stored(folder, domain):
        raise UsageError("There are DKIM keys already. `listserver dkim rotate` makes new ones beside them.")
    return _pair(folder, domain, "active", now)


def rotate(folder: Path, domain: str, now: datetime) -> list[Stored]:
    """The next step of a rotation, and the keys that it concerns: a new pair to be published; run again once the DNS
    has it, that pair signs and the one before is old; keys old for seven days are deleted. Raises UsageError."""
    keys = stored(folder, domain)
    for one in keys:
        if one.state == "old" and one.path.stat().st_mtime < now.timestamp() - KEEP_OLD:
            one.path.unlink()
    if not any(one.state == "active" for one in keys):
        raise UsageError("There are no DKIM keys yet. `listserver dkim create` makes them.")
    waiting = [one for one in keys if one.state == "next"]
    if not waiting:
        return _pair(folder, domain, "next", now)
    for one in keys:
        if one.state == "active":
            os.utime(_move(folder, one, "old").path, (now.timestamp(), now.timestamp()))
    return [_move(folder, one, "active") for one in waiting]


def _pair(folder: Path, domain: str, state: State, now: datetime) -> list[Stored]:
    taken = {one.key.selector for one in stored(folder, domain)}
    day = f"{now:%Y%m%d}"
    suffix = next(s for s in ("", *(f"-{n}" for n in range(2, 1000))) if f"rsa-{day}{s}" not in taken)
    made: Sequence[tuple[str, PrivateKey]] = (
        ("rsa", rsa.generate_private_key(65537, RSA_BITS)),
        ("ed25519", ed25519.Ed25519PrivateKey.generate()),
    )
    return [_write(folder, Key(domain, f"{kind}-{day}{suffix}", private), state) for kind, private in made]


def _write(folder: Path, key: Key, state: State) -> Stored:
    path = folder / state / f"{key.selector}.pem"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for place in (folder, path.parent):
            make_folder(place)
        with os.fdopen(make_file(path, path.parent), "wb") as file:
            file.write(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
    except OSError as failure:
        raise UsageError(f"{path}: the DKIM key cannot be written: {failure.strerror}.") from failure
    return Stored(key, state, path)


def _move(folder: Path, one: Stored, state: State) -> Stored:
    path = folder / state / one.path.name
    make_folder(path.parent)
    one.path.rename(path)
    return Stored(one.key, state, path)
