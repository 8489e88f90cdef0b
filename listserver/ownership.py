"""Whose a new file is: operators run commands as root; the server runs as a user of its own and must read them."""

import os
from pathlib import Path


def give(descriptor: int, like: Path) -> None:
    """Give an open file, or folder, that we have just made to the owner of `like`, where we are root.

    By its descriptor: in a folder of somebody else's, a name can become a link to something else at any moment.
    """
    if os.geteuid() == 0:
        owner = like.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def make_file(path: Path, like: Path) -> int:
    """Make a file that only the owner of `like` can read; its descriptor. Raises FileExistsError, also for a link."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    give(descriptor, like)
    return descriptor


def make_folder(path: Path) -> None:
    """Make a folder that only the owner of the folder around it can read, if it is not there; that one must be."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        give(descriptor, path.parent)
    finally:
        os.close(descriptor)
