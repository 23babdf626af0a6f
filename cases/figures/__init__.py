"""Figures (统计): how many, how fast, how well; grouped, as a morning report, as CSV and as a workbook.

``docs/figures.md`` defines every figure with an example.
"""

from cases.figures.ask import DIMENSIONS, FigureError, Question
from cases.figures.export import to_csv, to_xlsx
from cases.figures.morning import Listed, Report, morning, spoken
from cases.figures.query import query
from cases.figures.table import Column, Row, Table
from cases.figures.words import PARTS

__all__ = [
    "DIMENSIONS",
    "PARTS",
    "Column",
    "FigureError",
    "Listed",
    "Question",
    "Report",
    "Row",
    "Table",
    "morning",
    "query",
    "spoken",
    "to_csv",
    "to_xlsx",
]
