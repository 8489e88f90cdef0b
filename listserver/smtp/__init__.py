"""The SMTP and LMTP door."""
