"""What every part stands on: settings, logs, the database. Imports nothing of the project's."""
