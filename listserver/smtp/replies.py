"""What the door says: the one place that turns a result into a code and a text.

Codes are those of RFC 5321 §4.2, enhanced codes those of RFC 3463 and the registry of RFC 5248.
"""

from collections.abc import Sequence

from listserver.core.envelope import Reply

TEXT_LIMIT = 450  # a reply line is at most 512 octets with code and CRLF, RFC 5321 §4.5.3.1.5

OK = Reply(250, "2.0.0", "OK")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
RESET = Reply(250, "2.0.0", "Forgotten, start anew")
BYE = Reply(221, "2.0.0", "Goodbye")
HELP = Reply(214, "2.0.0", "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY STARTTLS: see RFC 5321")
HELP_LMTP = Reply(214, "2.0.0", "LHLO MAIL RCPT DATA RSET NOOP QUIT VRFY STARTTLS: see RFC 2033")
VERIFY = Reply(252, "2.5.0", "Cannot verify here, send the mail and see")
START_TLS = Reply(220, "2.0.0", "Ready to start TLS")
GO_AHEAD = b"354 End data with <CR><LF>.<CR><LF>\r\n"

EARLY = Reply(554, "5.5.0", "You spoke before the greeting, closing")
INJECTED = Reply(554, "5.5.0", "Commands after STARTTLS and before TLS are not allowed, closing")
NEED_TLS = Reply(530, "5.7.0", "Use STARTTLS first")
NO_TLS = Reply(502, "5.5.1", "STARTTLS is not offered here")
TLS_ALREADY = Reply(503, "5.5.1", "TLS is already in use")

LINE_END = Reply(500, "5.5.2", "A line must end with CRLF and hold no other CR or LF")
LINE_LONG = Reply(500, "5.5.2", "Command line too long")
UNKNOWN = Reply(500, "5.5.1", "Command not recognised")
NOT_OFFERED = Reply(502, "5.5.1", "Command not offered here")
NO_ARGUMENT = Reply(501, "5.5.4", "This command takes no argument")
BAD_HELO = Reply(501, "5.5.4", "Control characters in the name are not allowed")
BAD_PARAMETER = Reply(501, "5.5.4", "Malformed parameter")
UNKNOWN_PARAMETER = Reply(555, "5.5.4", "Parameter not recognised")
MAIL_SYNTAX = Reply(501, "5.5.4", "Syntax: MAIL FROM:<address>")
RCPT_SYNTAX = Reply(501, "5.5.4", "Syntax: RCPT TO:<address>")
BAD_SENDER = Reply(501, "5.1.7", "Malformed sender address")
BAD_RECIPIENT = Reply(501, "5.1.3", "Malformed recipient address")
SENDER_NEEDS_UTF8 = Reply(550, "5.6.7", "An address beyond ASCII needs SMTPUTF8")
RECIPIENT_NEEDS_UTF8 = Reply(553, "5.6.7", "An address beyond ASCII needs SMTPUTF8")
NEED_HELLO = Reply(503, "5.5.1", "Say EHLO or HELO first")
NEED_LHLO = Reply(503, "5.5.1", "Say LHLO first")
NESTED_MAIL = Reply(503, "5.5.1", "A sender was already given, use RSET to start anew")
NEED_MAIL = Reply(503, "5.5.1", "Need MAIL first")
NEED_RCPT = Reply(503, "5.5.1", "No valid recipient")

TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients, send the rest in another transaction")
TOO_BIG = Reply(552, "5.3.4", "Mail too big for this system")
HEADER_BIG = Reply(552, "5.3.4", "Header too big, or too many header fields")
TEXT_LINE_LONG = Reply(552, "5.3.4", "Mail holds a line that is too long")
BARE = Reply(550, "5.5.2", "Mail holds a CR or LF that is not part of CRLF")
FULL = Reply(452, "4.3.1", "Too much mail at this moment, try again later")

SILENT = Reply(421, "4.4.2", "Too slow, closing")
CLOSING = Reply(421, "4.3.2", "Shutting down, try again later")
CROWDED = Reply(421, "4.7.0", "Too many connections, try again later")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors, closing")
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "Too many commands without a mail, closing")
TOO_MANY_POSTS = Reply(421, "4.7.0", "Enough mails for one connection, open another")

SOME_REFUSED = Reply(250, "2.0.0", "OK, though not for every recipient: a notice says for which")


def trouble(reference: str) -> Reply:
    """The answer to a failure nobody foresaw: nothing of it but a reference that stands in the log."""
    return Reply(451, "4.3.0", f"Something went wrong here, try again later (reference {reference})")


def render(reply: Reply) -> bytes:
    """A reply as one line; whatever its text holds, it stays one line of ASCII."""
    text = reply.text[:TEXT_LIMIT]
    if not (text.isascii() and text.isprintable()):
        text = "".join(c if " " <= c <= "~" else "?" for c in text)
    return f"{reply.code} {reply.status} {text}\r\n".encode("ascii")


def together(verdicts: Sequence[Reply]) -> Reply:
    """One answer for a transaction with several recipients, which SMTP wants and LMTP does not.

    Any temporary verdict -> that one, and the client sends all again; all the same way -> the first; accepted and
    refused -> accepted, and the refused are told in a notice.
    """
    for verdict in verdicts:
        if verdict.temporary:
            return verdict
    accepted = [verdict for verdict in verdicts if verdict.accepted]
    if accepted and len(accepted) < len(verdicts):
        return SOME_REFUSED
    return verdicts[0]
