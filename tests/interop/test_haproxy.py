"""A load balancer before the SMTP door, which says for whom it speaks (standards S24): HAProxy itself."""

import contextlib
import smtplib
import socket
from pathlib import Path

import pytest

from tests.interop.peers import free_port, run
from tests.running import Serve

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("mail-servers")]

CONF = """\
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
listen smtp
  bind 127.0.0.1:{port}
  server ours 127.0.0.1:{behind} {option}
"""


@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2"])
def test_S24_mail_comes_through_and_its_client_is_known(option: str, sqlite_url: str, tmp_path: Path) -> None:
    port = free_port()
    settings = {"SMTP__PROXIES": "127.0.0.0/8", "SMTP__TRUSTED_HOSTS": "192.0.2.1", "WEB__LISTEN": ""}
    with Serve(tmp_path / "serve", database=sqlite_url, **settings) as serve:
        conf = CONF.format(port=port, behind=serve.ports["smtp"], option=option)
        command = ["haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg"]
        with run("haproxy", {"haproxy/haproxy.cfg": conf}, command, port):
            with smtplib.SMTP("127.0.0.1", port, timeout=20) as smtp:
                assert smtp.ehlo()[0] == 250
                assert smtp.docmd("MAIL", "FROM:<a@example.net>")[0] == 250
            # The limit of one address is each client's own, not that of the one address which the balancer has.
            with contextlib.ExitStack() as held:
                said = [_greeted(held, port, source) for source in ["127.0.0.3"] * 11 + ["127.0.0.4"]]
            assert (said[:10].count(b"220"), said[10:]) == (10, [b"421", b"220"])


def _greeted(held: contextlib.ExitStack, port: int, source: str) -> bytes:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
    return held.enter_context(connection).recv(3)
