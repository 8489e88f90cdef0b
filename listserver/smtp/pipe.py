"""What the pipe door answers: a reply as an exit status (sysexits.h)."""

from listserver.core.envelope import Reply

EX_OK, EX_DATAERR, EX_NOUSER, EX_UNAVAILABLE, EX_TEMPFAIL = 0, 65, 67, 69, 75


def exit_status(reply: Reply) -> int:
    """What Postfix's and Exim's pipe transports understand: 0 taken, 75 again later, others bounce.

    65 the mail itself is at fault (5.5.x, 5.6.x, 5.3.4), 67 no such address here (5.1.x), 69 refused otherwise.
    """
    if reply.accepted:
        return EX_OK
    if reply.code < 500:
        return EX_TEMPFAIL
    if reply.status.startswith("5.1."):
        return EX_NOUSER
    if reply.status.startswith(("5.5.", "5.6.")) or reply.status == "5.3.4":
        return EX_DATAERR
    return EX_UNAVAILABLE
