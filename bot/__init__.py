"""Channels, inbox and outbox: everything between a resident's phone and the dialogue engine."""
