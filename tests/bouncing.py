"""Mail servers' answers to our copies, as tests and simulations need them."""

from datetime import datetime

from listserver.core.verp import verp_token

DAEMON = "MAILER-DAEMON@mx.example.net"
SAID = {
    "5.1.1": "550 5.1.1 <{address}>: Recipient address rejected: User unknown",
    "5.2.1": "550 5.2.1 The account of this user is disabled",
    "5.2.2": "552 5.2.2 The mailbox is over its quota",
    "4.4.1": "451 4.4.1 Connection timed out",
    "5.7.1": "550 5.7.1 Message rejected as spam by content filter",
}


def address(secret: bytes, list_id: int, member_id: int, now: datetime, name: str = "talk") -> str:
    """The return address of a copy that was sent then."""
    day = int(now.timestamp()) // 86_400
    return f"{name}-bounces+{verp_token(secret, list_id, member_id, day)}@lists.example.org"


def dsn(
    to: str, recipient: str, status: str = "5.1.1", action: str = "failed", original: str = "1@example.org"
) -> bytes:
    """RFC 3464."""
    said = SAID.get(status, f"550 {status} refused").format(address=recipient)
    return f"""From: Mail Delivery System <{DAEMON}>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

I could not deliver your mail to
<{recipient}>: {said}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: text/rfc822-headers

Return-Path: <{to}>
From: anna@example.org
To: talk@lists.example.org
Message-ID: <{original}>
Subject: Drift

--b--
""".replace("\n", "\r\n").encode()


def arf(mail_from: str, recipient: str) -> bytes:
    """A reader pressed the spam button (RFC 5965)."""
    return f"""From: feedback@mx.example.net
To: abuse@lists.example.org
Subject: FW: Drift
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

This is an email abuse report for a message.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{mail_from}>
Original-Rcpt-To: {recipient}

--b
Content-Type: message/rfc822

From: anna@example.org
To: talk@lists.example.org
Message-ID: <1@example.org>
Subject: Drift

Hello.

--b--
""".replace("\n", "\r\n").encode()
