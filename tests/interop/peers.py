"""Real mail servers, unpacked under .peers/ (tests/needs), run without changing how this machine mails.

Each runs in a mount and process namespace of its own: the unpacked files lie over /usr and /etc there, with the users
that it wants, and its queue in a temporary folder; ports are on loopback. When the namespace's first process ends, all
of it ends. That needs root, or it is skipped with a word.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import need

ROOT = Path(__file__).parent.parent.parent
PEERS = Path(os.environ.get("PEERS", ROOT / ".peers"))

# Users that the packages would make: name -> uid and gid, high enough to be nobody's.
USERS = {"postfix": 64301, "Debian-exim": 64302, "opensmtpd": 64303, "opensmtpq": 64304, "listserver": 64306}
USERS |= {"dovecot": 64307, "dovenull": 64308}
_GROUPS = {**USERS, "postdrop": 64305}

_ENTER = r"""
set -eu
peer=$1 etc=$2 folder=$3; shift 3
mount -t overlay -o lowerdir="$peer/usr:/usr" overlay /usr
mount -t overlay -o lowerdir="$etc:$peer/etc:/etc" overlay /etc
mount --bind "$folder/spool" /var/spool
mount --bind "$folder/lib" /var/lib
mount -t tmpfs -o mode=755 tmpfs /run
for closed in ${OPENED:-}; do mount -t overlay -o lowerdir="$folder/open:$closed" overlay "$closed"; done
mount -t proc proc /proc
exec "$@"
"""


@dataclass(frozen=True)
class Peer:
    """A running mail server. port: where it takes mail. folder: its configuration, queue and log."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def log(self) -> str:
        """What it has logged so far."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*log")))


def free_port() -> int:
    """A port on loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def peer_folder(package: str) -> Path:
    """Where a package is unpacked; skips the test where it is not, or where we may not make namespaces."""
    folder = PEERS.absolute() / package
    need(folder.is_dir(), f"{package} is not unpacked under {PEERS}: `tests/needs` does it")
    need(_namespaces(), "no namespaces here: running a mail server without changing this machine needs root")
    return folder


@contextmanager
def run(package: str, etc: dict[str, str], command: Sequence[str], port: int, *, greets: bool = True) -> Iterator[Peer]:
    """Run a mail server until the context ends. etc: files to lie in /etc; in them and in the command, FOLDER is its
    temporary folder. greets: it speaks first, as with SMTP and IMAP."""
    unpacked = peer_folder(package)
    folder = Path(tempfile.mkdtemp(prefix="listserver-peer-"))
    try:
        folder.chmod(0o755)
        for name in ("etc", "spool", "lib", "open", "data"):
            (folder / name).mkdir(mode=0o755)
        _write_etc(folder / "etc", {name: text.replace("FOLDER", str(folder)) for name, text in etc.items()})
        entered = [part.replace("FOLDER", str(folder)) for part in command]
        with (folder / "output.log").open("wb") as output:
            process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _ENTER, "enter",
                 str(unpacked), str(folder / "etc"), str(folder), *entered],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "OPENED": " ".join(_closed_to_others())},
            )  # fmt: skip
        peer = Peer(port, folder, process)
        try:
            _wait(peer, greets)
            yield peer
        finally:
            _end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the namespace's first process, and with it all in there. It would outlive `unshare --kill-child`: a program
    with the set-user-ID bit loses the wish to die with its parent (prctl(2))."""
    for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    process.kill()
    process.wait()


def _write_etc(etc: Path, files: dict[str, str]) -> None:
    passwd = Path("/etc/passwd").read_text() + "".join(
        f"{name}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin\n" for name, uid in USERS.items()
    )
    group = Path("/etc/group").read_text() + "".join(f"{name}:x:{gid}:\n" for name, gid in _GROUPS.items())
    for name, text in {"passwd": passwd, "group": group, **files}.items():
        path = etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)


def _closed_to_others() -> list[str]:
    """Folders above this Python that only root may enter (such as its home): opened in the namespace, for pipes."""
    paths = {Path(sys.executable), Path(sys.executable).resolve(), ROOT}
    above = {folder for path in paths for folder in path.parents}
    return sorted(str(folder) for folder in above if not folder.stat().st_mode & 0o001)


def _wait(peer: Peer, greets: bool) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and peer.process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", peer.port), timeout=5) as connection:
                if not greets or connection.recv(4).startswith((b"220", b"* OK")):
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{peer.folder.name} does not answer on port {peer.port}:\n{peer.log()}")


def _namespaces() -> bool:
    if os.getuid() != 0 or not shutil.which("unshare"):
        return False
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        mount = f"mount -t overlay -o lowerdir={one}:{two} overlay {one}"
        tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "sh", "-c", mount], capture_output=True)
        return tried.returncode == 0
