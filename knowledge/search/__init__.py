"""Finding the entry that answers a question, or finding that there is none.

``Finder.of(library, encoder)`` makes what a library is searched by; ``Finder.search`` gives the likeliest entries and how sure it is
that the first one answers.
"""

from knowledge.search.finder import Finder, Found, Hit

__all__ = ["Finder", "Found", "Hit"]
