"""The JSON API's routes, one file an idea."""
