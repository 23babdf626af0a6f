"""The ``xiaoge`` command: serve, try, measure, operate."""
