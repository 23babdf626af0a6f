"""The case backend: tickets, their workflow and history, places and units. Knows nothing of chat."""
