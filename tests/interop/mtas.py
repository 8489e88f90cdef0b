"""The three mail servers with the least of configuration, to which ours is added; they relay out to a catching port."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.interop.peers import Peer, free_port, run

_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = /var/spool/postfix
data_directory = FOLDER/data
maillog_file = FOLDER/mail.log
maillog_file_prefixes = FOLDER
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.example.net
mydestination =
mynetworks = 127.0.0.0/8
smtp_host_lookup = native
smtp_dns_support_level = disabled
relayhost = [127.0.0.1]:{relay}
smtp_tls_security_level = none
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
"""

_MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n  -  n  60  1  pickup
cleanup   unix  n  -  n  -   0  cleanup
qmgr      unix  n  -  n  300 1  qmgr
tlsmgr    unix  -  -  n  1000? 1  tlsmgr
rewrite   unix  -  -  n  -   -  trivial-rewrite
bounce    unix  -  -  n  -   0  bounce
defer     unix  -  -  n  -   0  bounce
trace     unix  -  -  n  -   0  bounce
verify    unix  -  -  n  -   1  verify
flush     unix  n  -  n  1000? 0  flush
proxymap  unix  -  -  n  -   -  proxymap
smtp      unix  -  -  n  -   -  smtp
relay     unix  -  -  n  -   -  smtp
showq     unix  n  -  n  -   -  showq
error     unix  -  -  n  -   -  error
retry     unix  -  -  n  -   -  error
discard   unix  -  -  n  -   -  discard
lmtp      unix  -  -  n  -   -  lmtp
anvil     unix  -  -  n  -   1  anvil
scache    unix  -  -  n  -   1  scache
postlog   unix-dgram n - n -  1  postlogd
"""


@contextmanager
def postfix(relay: int, main_cf: str = "", master_cf: str = "") -> Iterator[Peer]:
    """Postfix on a free port, sending on to the port `relay`, with our lines added to its two files."""
    port = free_port()
    etc = {
        "postfix/main.cf": _MAIN_CF.format(relay=relay) + main_cf,
        "postfix/master.cf": _MASTER_CF.format(port=port) + master_cf,
    }
    start = (
        "chmod 755 /var/spool; mkdir -p /var/spool/postfix; chown postfix FOLDER/data; "
        "postfix -c /etc/postfix check && exec /usr/lib/postfix/sbin/master -i -c /etc/postfix"
    )
    with run("postfix", etc, ["sh", "-c", start], port) as peer:
        yield peer


_EXIM = """\
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
primary_hostname = mx.example.net
log_file_path = FOLDER/exim-%slog
spool_directory = /var/spool/exim4
pid_file_path =
host_lookup =
queue_run_max = 2
keep_environment =
message_size_limit = 50M
never_users =
hostlist relay_from_hosts = 127.0.0.1
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
{main}
begin acl
rcpt:
{acl}
  accept hosts = +relay_from_hosts
         control = submission/sender_retain
  deny   message = relay not permitted

begin routers
{router}
out:
  driver = manualroute
  transport = out
  route_list = * 127.0.0.1 byname
  self = send
  host_find_failed = defer
  no_more

begin transports
{transport}
out:
  driver = smtp
  port = {relay}
  allow_localhost
  hosts_try_chunking =
  dkim_domain =

begin retry
* * F,1h,2s
"""


@contextmanager
def exim(relay: int, main: str = "", acl: str = "", router: str = "", transport: str = "") -> Iterator[Peer]:
    """Exim likewise, with our lines put into four of its sections."""
    port = free_port()
    text = _EXIM.format(port=port, relay=relay, main=main, acl=acl, router=router, transport=transport)
    start = (
        "mkdir -p /var/spool/exim4 && chown Debian-exim:Debian-exim /var/spool/exim4 FOLDER FOLDER/data && "
        "exec exim4 -bdf -q2s -oX 127.0.0.1:PORT"
    ).replace("PORT", str(port))
    with run("exim4-daemon-light", {"exim4/exim4.conf": text}, ["sh", "-c", start], port) as peer:
        yield peer


_SMTPD_CONF = """\
listen on 127.0.0.1 port {port} hostname mx.example.net
action "out" relay host smtp+notls://127.0.0.1:{relay}
{lines}
match from local for any action "out"
"""


@contextmanager
def opensmtpd(relay: int, lines: str = "") -> Iterator[Peer]:
    """OpenSMTPD likewise."""
    port = free_port()
    text = _SMTPD_CONF.format(port=port, relay=relay, lines=lines)
    start = (
        "mkdir -p -m 711 /var/spool/smtpd && mkdir -p /var/lib/opensmtpd/empty && "
        "install -d -m 770 -o root -g opensmtpq /var/spool/smtpd/offline && "
        "install -d -m 700 -o opensmtpq -g root /var/spool/smtpd/queue /var/spool/smtpd/corrupt "
        "/var/spool/smtpd/incoming /var/spool/smtpd/purge /var/spool/smtpd/temporary; "
        "exec smtpd -dv -f /etc/smtpd.conf"
    )
    with run("opensmtpd", {"smtpd.conf": text}, ["sh", "-c", start], port) as peer:
        yield peer
