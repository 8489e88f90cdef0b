"""Links of other archives."""

import pytest

from listserver.core.old_links import Numbering, name, read

HASH = "NZDIDQEZIPDOVP5RTGHWYSPN7F4AFEZZ"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("pipermail/Talk/2007-March/014567.html", ("talk", "pipermail/14567")),
        ("pipermail/talk/2007-March/thread.html", ("talk", "2007/03")),
        ("pipermail/talk/2007-March/", ("talk", "2007/03")),
        ("pipermail/talk/2007-Smarch/", ("talk", "")),
        ("pipermail/talk/", ("talk", "")),
        ("pipermail/talk/attachments/2007/a.bin", None),
        (f"archives/list/talk@x.example/message/{HASH}/", ("talk", HASH)),
        (f"hyperkitty/list/talk@x.example/thread/{HASH}/#{HASH}", ("talk", HASH)),
        ("archives/list/talk@x.example/latest", ("talk", "")),
        ("archive/talk/msg00123.html", ("talk", "mhonarc/123")),
        ("talk/msg1.html", ("talk", "mhonarc/1")),
        ("talk/t/abcdefghij/msg00123", None),
        ("pipermail//", None),
        ("talk/2026/03/", None),
    ],
)
def test_what_a_path_means(path: str, meant: tuple[str, str] | None) -> None:
    assert read(path.split("/")) == meant


def test_names() -> None:
    assert name(Numbering.PIPERMAIL, 14567, "") == "pipermail/14567"
    assert name(Numbering.MHONARC, 3, "") == "mhonarc/3"
    # The example of Mailman 3's documentation (Message-ID-Hash).
    asked = "87myycy5eh.fsf@uwakimon.sk.tsukuba.ac.jp"
    assert name(Numbering.HYPERKITTY, 0, asked) == "JJIGKPKB6CVDX6B2CUG4IHAJRIQIOUTP"
