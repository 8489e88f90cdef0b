"""The SMTP and LMTP door."""

from listserver.smtp.limits import Budget, Limits
from listserver.smtp.listener import Listener

__all__ = ["Budget", "Limits", "Listener"]
