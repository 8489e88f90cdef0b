"""No human mail of the collection is taken for a command, but one that is one."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

from listserver.core.misdirected import misdirected
from listserver.core.text import own_text


def test_L12_no_human_post_of_the_collection(shared: Path) -> None:
    """Of the 40 human mails one is nothing but the subject "unsubscribe"."""
    taken = []
    for path in sorted((shared / "data/autoreply/human").glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=default)
        part = mail.get_body(("plain",))
        text = part.get_content() if part else ""
        if misdirected(str(mail["Subject"]), own_text(text).text):
            taken.append((str(mail["Subject"]), own_text(text).text))
    assert taken == [("[USRP-users] unsubscribe", "")]
