"""The transport that a relay's url names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from listserver.delivery.folder import Folder
from listserver.delivery.smtp import PATIENCE, Smtp, parse
from listserver.delivery.transport import Transport
from listserver.errors import UsageError


def transport(url: str, hello: str, patience: float = PATIENCE) -> Transport:
    """The way out at `url` (smtp://, smtps://, smtp+starttls://, folder:///path). Raises UsageError.

    hello: our name for the relay. patience: seconds to wait for any of its answers.
    """
    parts = urlsplit(url)
    if parts.scheme != "folder":
        return Smtp(parse(url), hello, patience=patience)
    if parts.netloc or not parts.path.strip("/"):
        raise UsageError(f"relay = {url!r} is not possible: write folder:///path/to/a/folder, with three slashes.")
    return Folder(Path(unquote(parts.path)))
