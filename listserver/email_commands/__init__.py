"""Commands by mail: one mail, one answer (docs: commands by mail).

What only shows public things is done at once. All else is done for who is proved: by DMARC for the exact address, or by
answering the one mail that asks whether it was them. That answer runs the same commands again, with a proof.
"""

from listserver.email_commands.door import confirm, receive, receive_misdirected

__all__ = ["confirm", "receive", "receive_misdirected"]
