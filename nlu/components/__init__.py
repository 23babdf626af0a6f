"""Thin Rasa graph components over the understanding pipeline. Imported only inside the engine's environment."""
