"""listserver beside Mailman 3's core and mlmmj, in one run on this machine: `python -m bench.peers`.

Mailman comes from PyPI into .peers/mailman, mlmmj from Debian's package unpacked into .peers/mlmmj; one that cannot be
had is left out with a word. Each takes posts as its manual says (listserver SMTP, Mailman LMTP, mlmmj a pipe),
and sends one post to all members of a list, a mail for each with a return address of its own, into a catching relay.
"""

import argparse
import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.fanout import OPEN
from bench.postfix import ROOT, postfix
from bench.postfix import source as smtp_source
from listserver.store import migrations
from listserver.store.engine import Store
from tests import community
from tests.interop.conftest import catching
from tests.interop.peers import free_port
from tests.relay import Script
from tests.running import Serve

PEERS = Path(os.environ.get("PEERS", ROOT / ".peers")).absolute()
MAILMAN = "mailman==3.3.10"
DOMAIN = "lists.example.org"
TAKEN = 500  # mails of the accept rate
PATIENCE = 600.0  # seconds for a fan-out
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@dataclass(frozen=True)
class Peer:
    """A running list server. take: posts a second to a list of one; post: one to all members; processes: ids."""

    take: Callable[[], float]
    post: Callable[[], None]
    processes: Callable[[], list[int]]


def mail(name: str) -> bytes:
    """A post of about 2,000 octets."""
    head = (
        f"From: m0@m.example\r\nTo: {name}@{DOMAIN}\r\nSubject: bench\r\nMessage-ID: <{time.time_ns()}@m.example>\r\n"
        "Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n\r\n"
    )
    return (head + ("x" * 70 + "\r\n") * 26).encode()


# --- listserver -------------------------------------------------------------------------------------------------------
@contextmanager
def ours(folder: Path, members: int, relay: int) -> Iterator[Peer]:
    """One process of ours on SQLite."""
    url = f"sqlite:///{folder}/listserver.db"
    migrations.upgrade(url)
    with Store.open(url) as store:
        for name, count in (("all", members), ("one", 1)):
            store.write_now(lambda conn, name=name, count=count: community.build(conn, count, name, **OPEN))
    with Serve(folder, database=url, RELAY__URL=f"smtp://127.0.0.1:{relay}") as serve:
        port = serve.ports["smtp"]

        def post() -> None:
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.sendmail("m0@m.example", [f"all@{DOMAIN}"], mail("all"))

        yield Peer(lambda: smtp_source(port, TAKEN, to=f"one@{DOMAIN}"), post, lambda: [serve.pid])


# --- Mailman ----------------------------------------------------------------------------------------------------------
CFG = """
[mailman]
layout: here
site_owner: root@lists.example.org
[paths.here]
var_dir: {folder}
bin_dir: {bin}
[mta]
incoming: mailman.mta.null.NullMTA
outgoing: mailman.mta.deliver.deliver
lmtp_host: 127.0.0.1
lmtp_port: {lmtp}
smtp_host: 127.0.0.1
smtp_port: {relay}
verp_delivery_interval: 1
[webservice]
port: {rest}
"""


def mailman_command() -> Path | None:
    """Mailman's command, installed if it can be."""
    command = PEERS / "mailman/bin/mailman"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS / "mailman"], check=True)
        subprocess.run([PEERS / "mailman/bin/pip", "install", "-q", MAILMAN], check=False, **QUIET)
    return command if command.exists() else None


@contextmanager
def mailman(folder: Path, members: int, relay: int) -> Iterator[Peer | None]:
    """Mailman's core as it comes, on its SQLite, each copy with VERP."""
    command = mailman_command()
    if command is None:
        yield None
        return
    lmtp = free_port()
    (folder / "mailman.cfg").write_text(
        CFG.format(folder=folder, bin=command.parent, lmtp=lmtp, relay=relay, rest=free_port())
    )

    def run(*arguments: str | Path) -> None:
        subprocess.run([command, "--run-as-root", "-C", folder / "mailman.cfg", *arguments], check=True, **QUIET)

    for name, count in (("all", members), ("one", 1)):
        run("create", f"{name}@{DOMAIN}")
        (folder / name).write_text("".join(f"m{number}@m.example\n" for number in range(count)))
        run("addmembers", "--no-welcome-msg", folder / name, f"{name}@{DOMAIN}")
    run("start")
    try:
        _wait(lambda: _listens(lmtp))

        def take() -> float:
            command, environment = postfix("smtp-source")
            numbers = ["-L", "-d", "-s", "10", "-l", "2000", "-m", str(TAKEN)]
            start = time.perf_counter()
            to = ["-f", "m0@m.example", "-t", f"one@{DOMAIN}", f"127.0.0.1:{lmtp}"]
            subprocess.run([*command, *numbers, *to], check=True, env=environment)
            return TAKEN / (time.perf_counter() - start)

        def post() -> None:
            with smtplib.LMTP("127.0.0.1", lmtp) as client:
                client.sendmail("m0@m.example", [f"all@{DOMAIN}"], mail("all"))

        yield Peer(take, post, lambda: _processes(str(folder / "mailman.cfg")))
    finally:
        run("stop")


# --- mlmmj ------------------------------------------------------------------------------------------------------------
FOLDERS = (
    "incoming queue queue/discarded archive text subconf unsubconf bounce control moderation subscribers.d "
    "digesters.d nomailsubs.d requeue"
)


def mlmmj_commands() -> Path | None:
    """The folder of mlmmj's commands, unpacked if they can be had."""
    found = shutil.which("mlmmj-receive")
    if found:
        return Path(found).parent
    place = PEERS / "mlmmj"
    if not (place / "usr/bin/mlmmj-receive").exists() and shutil.which("apt-get"):
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", "mlmmj"], cwd=place, check=False, **QUIET)
        for package in place.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, place], check=True)
    return place / "usr/bin" if (place / "usr/bin/mlmmj-receive").exists() else None


@contextmanager
def mlmmj(folder: Path, members: int, relay: int) -> Iterator[Peer | None]:
    """mlmmj, as an MTA's pipe would call it."""
    commands = mlmmj_commands()
    if commands is None:
        yield None
        return
    for name, count in (("all", members), ("one", 1)):
        for part in FOLDERS.split():
            (folder / name / part).mkdir(parents=True, exist_ok=True)
        control = {
            "listaddress": f"{name}@{DOMAIN}",
            "relayhost": "127.0.0.1",
            "smtpport": str(relay),
            "owner": "o@m.example",
        }
        for key, value in control.items():
            (folder / name / "control" / key).write_text(f"{value}\n")
        (folder / name / "index").write_text("0\n")
        subscribers = ["m0@m.example", *(f"m{number}@m.example" for number in range(1, count))]
        (folder / name / "subscribers.d/m").write_text("".join(f"{address}\n" for address in subscribers))

    def receive(name: str) -> None:
        arguments = [commands / "mlmmj-receive", "-L", f"{folder}/{name}/"]  # the sending goes on behind it
        environment = {**os.environ, "SENDER": "m0@m.example", "PATH": f"{commands}:{os.environ['PATH']}"}
        subprocess.run(arguments, input=mail(name).replace(b"\r\n", b"\n"), check=True, env=environment, **QUIET)

    def take() -> float:
        start = time.perf_counter()
        for _ in range(TAKEN // 10):
            receive("one")
        return TAKEN // 10 / (time.perf_counter() - start)

    yield Peer(take, lambda: receive("all"), lambda: _processes(f"{folder}/"))
    _wait(lambda: not _processes(f"{folder}/"))


# --- measuring --------------------------------------------------------------------------------------------------------
ALL = {"listserver": ours, "Mailman core": mailman, "mlmmj": mlmmj}


def measure(peer: Peer, script: Script, members: int) -> str:
    """The figures of one, in a line."""
    idle = peer.processes()
    script.taken.clear()
    start = time.perf_counter()
    peer.post()
    most = 0
    while len(script.taken) < members and time.perf_counter() - start < PATIENCE:
        most = max(most, _memory(peer.processes()))
        time.sleep(0.02)
    took = time.perf_counter() - start
    got, senders = len(script.taken), len({copy.sender for copy in script.taken})
    taken = peer.take()
    return (
        f"accepts {taken:7,.0f}/s   sends {got / took:7,.0f} copies/s ({got:,}, {senders:,} return addresses)   "
        f"{most >> 20:5,} MiB   {len(idle)} processes at rest"
    )


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--members", type=int, default=1_000)
    members = parser.parse_args().members
    for name, server in ALL.items():
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            script = stack.enter_context(catching(Script()))
            peer = stack.enter_context(server(folder, members, script.port))
            said = measure(peer, script, members) if peer else "is not here and cannot be fetched: left out"
            print(f"{name:13} {said}", flush=True)


def _processes(word: str) -> list[int]:
    """Those whose command line names a word."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            named = word in place.read_bytes().decode(errors="replace")
        except OSError:  # it has ended
            continue
        if named and (pid := int(place.parent.name)) != os.getpid():
            found.append(pid)
    return found


def _memory(processes: list[int]) -> int:
    """Octets that they hold; those that have ended hold none."""
    pages = 0
    for pid in processes:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")


def _listens(port: int) -> bool:
    try:
        smtplib.SMTP("127.0.0.1", port).close()
    except OSError:
        return False
    return True


def _wait(happened: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            sys.exit("A list server does not start, or does not end.")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
