"""Reports of one matter told by several residents: how alike two are, what to suggest, what a person decided.

``compare`` what was filed lately (``remember`` a ticket's meaning, ``suggest`` what it may be the same as), list what is
``pending``, ``decide`` what a person said.
docs/duplicates.md tells how the score comes about and how good it is.
"""

from cases.duplicates.meaning import remember
from cases.duplicates.names import Names
from cases.duplicates.newcomers import compare
from cases.duplicates.reports import Report, read
from cases.duplicates.scoring import Score, score
from cases.duplicates.suggesting import (
    Suggestion,
    SuggestionDecidedError,
    SuggestionNotFoundError,
    decide,
    pending,
    suggest,
)

__all__ = [
    "Names",
    "Report",
    "Score",
    "Suggestion",
    "SuggestionDecidedError",
    "SuggestionNotFoundError",
    "compare",
    "decide",
    "pending",
    "read",
    "remember",
    "score",
    "suggest",
]
