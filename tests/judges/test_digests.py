"""The HTML of digests before vnu, axe-core and pa11y, as phones and screens show it, light and dark."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from listserver import demo
from listserver.store.engine import Store
from tests import sites
from tests.actions.filing import file
from tests.judges.test_markup import checked, java, judged, judges
from tests.sites import Archive

__all__ = ["java", "judges"]  # fixtures

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("judges-markup")]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL under which its files are."""
    (tmp_path / "pages").mkdir()
    handler = functools.partial(_Quiet, directory=str(tmp_path / "pages"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path / "pages", f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def made(tmp_path: Path, shared: Path | None) -> bytes:
    """A digest of the invented community, or of a real list."""
    database = sites.new(tmp_path)
    with Store.open(database) as store:
        if shared is None:
            store.write_now(lambda conn: demo.seed(conn, sites.SITE, demo.community(), datetime.now(UTC)))
            return sites.digest(store, "field-sensors")
        head = sites.head(shared / "data/lists/usrp-users.mbox.xz", tmp_path / "usrp-users.mbox", 1_500_000)
        mails = [mail.partition(b"\n")[2] for mail in head.read_bytes().split(b"\n\nFrom mboxrd@z ")]
        file(store, sites.public(store, "usrp-users"), *mails, batch=50)
        return sites.digest(store, "usrp-users")


@pytest.mark.parametrize("which", ["demo", "real"])
def test_everybody_can_read_a_digest(
    which: str, folder: tuple[Path, str], tmp_path: Path, judges: Path, java: str, request: pytest.FixtureRequest
) -> None:
    page = made(tmp_path, None if which == "demo" else request.getfixturevalue("shared"))
    assert len(re.findall(rb"<div class=i", page)) > 20
    assert checked(java, judges, folder[0], {"digest": page}) == ""
    archive = Archive(folder[1], {}, "", {})
    assert judged(archive, judges, {"digest": "/digest.html"}, {}, each=2, mail=True) == []
