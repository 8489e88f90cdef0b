"""The octets of a mail between 354 and the end of data, taken in chunks of any size.

Whether a mail is taken, and its octets, do not depend on how it was cut into chunks.
Every octet is looked at a fixed number of times.
What cannot be accepted is refused at the end of data, and nothing of it is kept meanwhile.
"""

import re
from io import BytesIO

from listserver.core.envelope import Reply
from listserver.core.mailbox import without_return_path
from listserver.smtp import replies
from listserver.smtp.limits import Budget, Limits

END = b"\r\n.\r\n"  # the only end of data, RFC 5321 §4.1.1.4
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Content:
    """Takes one mail. `trace` goes before it. LMTP peers are our own MTA: their line ends are mended, not refused."""

    __slots__ = ("_body", "_budget", "_head", "_held", "_limits", "_line", "_size", "_taken", "_trace", "fault", "rest")

    def __init__(self, limits: Limits, budget: Budget, trace: bytes) -> None:
        self._limits = limits
        self._budget = budget
        self._trace = trace
        # The line that said DATA counts as the line end before the first line, so `.CRLF` alone is an empty mail.
        self._held = b"\r\n"
        self._size = -len(self._held)
        self._head: bytearray | None = bytearray()
        self._body = BytesIO()
        self._line = 0
        self._taken = 0
        self.fault: Reply | None = None
        self.rest = b""

    def feed(self, chunk: bytes | bytearray | memoryview) -> bool:
        """Take a chunk; True at the end of data: `fault` is then final, and `rest` is what followed."""
        data = b"".join((self._held, chunk))
        # One search for a line that begins with a dot serves both ends: in most mails the only one is the last.
        dot = data.find(b"\r\n.")
        end = dot if dot < 0 or data.startswith(END, dot) else data.find(END, dot)
        if end < 0:
            keep = _overlap(data)
            self._held = data[len(data) - keep :]
            self._add(data[: len(data) - keep], dotted=dot >= 0)
            return False
        self._held, self.rest = b"", data[end + len(END) :]
        self._add(data[: end + 2], dotted=dot < end)
        if self._head is not None and self.fault is None:
            self._end_of_header(len(self._head))
        return True

    def raw(self) -> bytes:
        """The mail, once `feed` said True and there is no fault: trace fields and what came, lines end in CRLF."""
        return self._body.getvalue()  # BytesIO hands out its own buffer: no copy

    def release(self) -> None:
        """Forget the mail and give its share of the budget back; harmless when repeated."""
        self._budget.give_back(self._taken)
        self._taken = 0
        self._body = BytesIO()
        self._head = None

    def _add(self, piece: bytes, *, dotted: bool) -> None:
        """File a piece that cuts no CRLF and no CRLF-dot in two."""
        if self.fault is not None or not piece:
            return None
        if dotted:
            piece = piece.replace(b"\r\n.", b"\r\n")  # RFC 5321 §4.5.2
        if len(piece) - len(piece.translate(None, b"\r\n")) != 2 * piece.count(b"\r\n"):  # CR and LF beside the pairs
            if not self._limits.lmtp:
                return self._refuse(replies.BARE)
            piece = _LINE_END.sub(b"\r\n", piece)
        self._size += len(piece)
        if self._size > self._limits.size:
            return self._refuse(replies.TOO_BIG)
        if self._too_long(piece):
            return self._refuse(replies.TEXT_LINE_LONG)
        if not self._budget.take(len(piece)):
            return self._refuse(replies.FULL)
        self._taken += len(piece)
        if self._head is None:
            self._body.write(piece)
        else:
            self._add_to_header(self._head, piece)
        return None

    def _add_to_header(self, head: bytearray, piece: bytes) -> None:
        seen = len(head)
        head += piece
        stop = head.find(b"\r\n\r\n", max(0, seen - 3))
        if stop >= 0:
            self._end_of_header(stop + 2)
        elif len(head) - 2 > self._limits.header:
            self._refuse(replies.HEADER_BIG)

    def _end_of_header(self, stop: int) -> None:
        """`stop`: where the header ends in what was collected, which begins with the CRLF of DATA."""
        assert self._head is not None
        header = bytes(self._head[2:stop])
        fields = header.count(b"\n") - header.count(b"\n ") - header.count(b"\n\t")
        if len(header) > self._limits.header or fields > self._limits.fields:
            return self._refuse(replies.HEADER_BIG)
        self._body.write(self._trace)
        self._body.write(without_return_path(header))
        self._body.write(self._head[stop:])
        self._head = None
        return None

    def _too_long(self, piece: bytes) -> bool:
        first = piece.find(b"\n")
        if first < 0:
            self._line += len(piece)
            return self._line > self._limits.line
        before, self._line = self._line + first, len(piece) - piece.rfind(b"\n") - 1
        return (
            before > self._limits.line
            or self._line > self._limits.line
            or (len(piece) > self._limits.line and max(map(len, piece.split(b"\n"))) > self._limits.line)
        )

    def _refuse(self, fault: Reply) -> None:
        self.fault = fault
        self.release()


def _overlap(data: bytes) -> int:
    """How many of the last octets may be the beginning of the end of data."""
    return next((n for n in range(len(END) - 1, 0, -1) if data.endswith(END[:n])), 0)
