"""Rasa actions: turn what the dialogue knows into calls on the cases, and the answers into words.

The words themselves stand in ``bot/dialogue/domain/responses.yml``.
"""
