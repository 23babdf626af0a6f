"""Guides: interviews that lead through a legal trouble, one small question at a time, to a page that says what to do."""
