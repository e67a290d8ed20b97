"""What the installation tells those who keep it running: logs with request ids, figures for Prometheus, and, where the
environment asks for them, traces and errors."""

from __future__ import annotations


def report() -> None:
    """Begin to send what the environment asks for: in the process that does the work, before it reads middleware."""
    from config.observing import errors, tracing

    tracing.start()
    errors.start()
