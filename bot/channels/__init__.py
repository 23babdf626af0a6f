"""Channels translate: from a platform's message to a ``Received``, and from outbox rows to the platform's form."""
