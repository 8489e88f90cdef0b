"""`make bench`: every benchmark in turn, each a process of its own; docs/performance.md explains the figures."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
ALL = {
    "the mail door alone": ["bench.receive_door"],
    "receiving, durable": ["bench.receive"],
    "sending one post to 10,000": ["bench.fanout"],
    "sending through a real Postfix": ["bench.real_relay"],
    "sending one digest to 100,000": ["bench.digest_fanout"],
    "what signing costs": ["bench.signing"],
    "importing an archive": ["bench.importing"],
    "pages of the archive": ["bench.archive"],
    "readers beside posts": ["bench.reading"],
    "starting": ["bench.start"],
    "beside Mailman and mlmmj": ["bench.peers"],
}


def main() -> int:
    """Run those named on the command line by a part of their title, else all; 1 if one failed."""
    failed = 0
    for title, command in ALL.items():
        if len(sys.argv) < 2 or any(word in title or word in command[0] for word in sys.argv[1:]):
            print(f"\n== {title} ==", flush=True)
            failed |= subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
