"""Curated legal knowledge: entries that answer questions, guides that lead through an interview, and the statutes both
rest on. Knows nothing of tickets or of chat."""
