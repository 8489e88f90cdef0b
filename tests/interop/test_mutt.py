"""A multipart/digest opens in mutt as the posts that it holds (RFC 2046 §5.1.5)."""

import os
import pty
import shutil
from pathlib import Path

from listserver.core.message import read
from listserver.store.engine import Store
from tests import community
from tests.actions.filing import mail
from tests.conftest import need
from tests.doors.test_digest_copies import choose, delivered, file, send
from tests.relay import Script

# The digest's parts are listed open: 1 contents, 2 the digest, 3 its first post, 4 its text, 5 its second post.
_RC = """set folder={0}
set quit=yes
set wait_key=no
set digest_collapse=no
unset pipe_decode
push "<view-attachments>3<enter><pipe-entry>cat > {0}/first<enter>5<enter><pipe-entry>cat > {0}/second<enter>\\
<exit><quit>"
"""


def mutt(folder: Path) -> None:
    """Let mutt open the mailbox and do what the keys say; ends when it has ended."""
    child, screen = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", LC_ALL="C.UTF-8", COLUMNS="110", LINES="40")
        os.execvp("mutt", ["mutt", "-n", "-F", str(folder / "rc"), "-R", "-f", str(folder / "box")])
    try:
        while os.read(screen, 65_536):
            pass
    except OSError:  # how a terminal says that its program has ended
        pass
    finally:
        os.close(screen)
    assert os.waitpid(child, 0)[1] == 0


def test_mutt_opens_the_posts_of_a_digest_as_mails(store: Store, tmp_path: Path) -> None:
    need(bool(shutil.which("mutt")), "mutt is not installed: `tests/needs` does it")
    talk = store.write_now(lambda conn: community.build(conn, 1))
    choose(store, (talk.members[0], {"receives": "daily", "digest_form": "mime"}))
    file(store, talk, mail("a", "Ladder", body="Who has one?"), mail("b", "Re: Ladder", names="a", body="I do.\n"))
    send(store, talk)
    (digest,) = delivered(store, Script()).values()
    (tmp_path / "box").write_bytes(b"From a@b Wed Nov 25 12:00:00 2026\n" + digest.replace(b"\r\n", b"\n") + b"\n")
    (tmp_path / "rc").write_text(_RC.format(tmp_path))
    mutt(tmp_path)
    opened = [read((tmp_path / name).read_bytes()) for name in ("first", "second")]
    assert [one.subject for one in opened] == ["Ladder", "Re: Ladder"]
    assert ["Who has one?" in opened[0].text, "I do." in opened[1].text] == [True, True]
