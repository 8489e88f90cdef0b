"""Copies on their way out: the worker, and the transports that it hands them to."""
