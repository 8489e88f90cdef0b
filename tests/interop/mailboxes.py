"""A rented mailbox: Dovecot with one account, over TLS, whose mail a test puts down as a mail server would."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import relay
from tests.conftest import need
from tests.interop.peers import USERS, free_port, peer_folder, run

USER, PASSWORD = "lists@example.org", "correct horse"

_CONF = """\
base_dir = /run/dovecot
log_path = FOLDER/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = </etc/dovecot/tls.pem
ssl_key = </etc/dovecot/tls.pem
default_login_user = dovenull
default_internal_user = dovecot
default_internal_group = dovecot
mail_location = maildir:FOLDER/data/mail
mail_uid = {uid}
mail_gid = {uid}
first_valid_uid = 1
mailbox_list_index = no
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=plain /etc/dovecot/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home=FOLDER/data
}}
"""


@dataclass
class Mailbox:
    """An account. url: for [imap] url. trust: file of the certificate that its server shows, for SSL_CERT_FILE.

    plain: the port where TLS begins by STARTTLS.
    """

    url: str
    plain: int
    trust: Path
    maildir: Path
    log: Path
    count: int = 0

    def put(self, mail: bytes) -> None:
        """A mail arrives in INBOX."""
        self.count += 1
        place = self.maildir / "tmp" / f"{self.count:06}.test"
        place.write_bytes(mail)
        _give(place)
        place.rename(self.maildir / "new" / place.name)

    def unread(self) -> int:
        """How many mails are not marked as read."""
        known = [path.name for path in (self.maildir / "cur").iterdir()]
        return len(list((self.maildir / "new").iterdir())) + sum("S" not in name.partition(":2,")[2] for name in known)


def _give(path: Path) -> None:
    os.chown(path, USERS["listserver"], USERS["listserver"])


@contextmanager
def dovecot(folder: Path) -> Iterator[Mailbox]:
    """Dovecot on free ports. folder: for its certificate."""
    packaged = peer_folder("dovecot-imapd") / "etc/dovecot/dovecot.conf"
    newer = packaged.is_file() and "dovecot_config_version" in packaged.read_text()
    need(not newer, "these lines are for Dovecot 2.3, and 2.4 reads another language")
    relay.certified(folder)
    plain, port = free_port(), free_port()
    etc = {
        "dovecot/dovecot.conf": _CONF.format(uid=USERS["listserver"], plain=plain, port=port),
        "dovecot/tls.pem": (folder / "server.pem").read_text(),
        "dovecot/users": f"{USER}:{PASSWORD}\n",
    }
    start = "mkdir -p /run/dovecot; exec dovecot -F -c /etc/dovecot/dovecot.conf"
    with run("dovecot-imapd", etc, ["sh", "-c", start], plain) as peer:
        maildir = peer.folder / "data" / "mail"
        for part in (peer.folder / "data", maildir, maildir / "new", maildir / "cur", maildir / "tmp"):
            part.mkdir(exist_ok=True)
            _give(part)
        secret = PASSWORD.replace(" ", "%20")
        url = f"imaps://{USER.replace('@', '%40')}:{secret}@127.0.0.1:{port}"
        yield Mailbox(url, plain, folder / "server.pem", maildir, peer.folder / "dovecot.log")
