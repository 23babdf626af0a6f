"""Risk: who needs to be looked after beside getting the matter done, graded red, yellow and green by written rules."""

from cases.risk.grading import GradeError, Reason, catch_up, explained, grade, regrade
from cases.risk.related import Related, Situation, situation
from cases.risk.rhythm import Rhythm
from cases.risk.rules import Rule, Rulebook, RulesError, load, rulebook, use
from cases.risk.visits import due_visits, visit

__all__ = [
    "GradeError",
    "Reason",
    "Related",
    "Rhythm",
    "Rule",
    "Rulebook",
    "RulesError",
    "Situation",
    "catch_up",
    "due_visits",
    "explained",
    "grade",
    "load",
    "regrade",
    "rulebook",
    "situation",
    "use",
    "visit",
]
