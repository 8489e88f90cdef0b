"""Verbs: one function, one change, one transaction; synchronous functions of (connection, actor, arguments, now)."""
