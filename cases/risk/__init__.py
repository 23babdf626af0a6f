"""Risk grading."""

from cases.risk.grading import grade, regrade, visit

__all__ = ["grade", "regrade", "visit"]
