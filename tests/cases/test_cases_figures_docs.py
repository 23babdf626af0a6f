"""docs/figures.md: its worked example is acted out here, and every number it has is what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from test_cases_figures_support import Story, asked, at, found_city

from cases.figures import DIMENSIONS, PARTS, Table
from cases.figures.words import measures
from common.db import transaction

DOCS = (Path(__file__).parents[2] / "docs/figures.md").read_text(encoding="utf-8")


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with transaction() as made:
        found_city(made)
        yield made


def example(session: Session, **more: str) -> Table:
    """The six tickets of the example, and their figures of two weeks."""
    first = Story(session, "09-29 10:00", reporter="Li").to("A", "09-29 10:30").do("accept", "09-29 11:30")
    Story(session, "09-29 12:00", reporter="Wang").merge(first, "09-29 13:00")
    first.do("finish", "09-30 11:30").do("verify", "09-30 14:30").say("satisfied", "10-08 14:30")
    second = Story(session, "09-29 10:00", reporter="Zhao").to("A", "09-29 11:00").do("accept", "10-08 09:00")
    second.do("feedback", "10-09 10:00")
    third = Story(session, "10-03 02:00", reporter="Sun", urgent=True)
    third.through("B", "10-03 02:10", "10-03 03:10", "10-04 01:10", "10-04 09:10").say("unsatisfied", "10-04 12:10")
    third.do("finish", "10-05 10:10").do("verify", "10-05 11:10").say("fair", "10-05 12:10")
    Story(session, "10-08 09:00", reporter="Qian").do("withdraw", "10-08 10:00")
    Story(session, "10-09 09:00", reporter="Li")
    return asked(session, "09-28", "10-12", at=at("10-12 09:00"), **more)


def written(table: int) -> dict[str, str]:
    """Figures and values of the example's tables: the first cell names the figure, the second has the value."""
    part = DOCS.split("## An example")[1].split("\n## ")[0]
    tables = re.findall(r"(?:^\|.*\n)+", part, re.MULTILINE)
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in tables[table].splitlines()[2:]]
    return {row[0].strip("`"): row[1] for row in rows}


def test_every_number_of_the_example_is_what_the_code_says(session: Session) -> None:
    total = example(session).total.values
    told = written(1)
    assert len(told) > 30
    for key, value in told.items():
        found = total[key]
        kind = "rate" if key.endswith("_rate") else "hours" if "median" in key else "count"
        wanted = "—" if found is None else f"{found:.1%}" if kind == "rate" else f"{found:g}"
        assert value == wanted, key


def test_the_units_of_the_example_are_what_the_code_says(session: Session) -> None:
    rows = {row.keys["unit"] or "none": row.values for row in example(session, by="unit").rows}
    told = written(2)
    assert told == {unit: f"{values['verify_met']} of {values['verify_fell']}" for unit, values in rows.items()}


def test_all_parts_figures_and_groupings_are_in_the_docs() -> None:
    for name in (*DIMENSIONS, *PARTS):
        assert f"`{name}`" in DOCS, name
    for part in PARTS[:-1]:
        for measure in measures()[part]:
            assert f"`{measure.key}`" in DOCS, measure.key
