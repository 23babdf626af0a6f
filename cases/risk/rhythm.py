"""How soon and how often a graded matter is followed up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cases.clock.time import working_time


@dataclass(frozen=True)
class Wait:
    """A time to wait: ``hours`` and ``days`` by the calendar, ``working_days`` by the working calendar."""

    unit: str
    count: int

    def after(self, moment: datetime) -> datetime:
        """When it is over."""
        if self.unit == "working_days":
            return working_time().add_working_days(moment, self.count)
        return moment + (timedelta(hours=self.count) if self.unit == "hours" else timedelta(days=self.count))


@dataclass(frozen=True)
class Rhythm:
    """Who must look, by when first, and then how often; the last of ``then`` is repeated.

    ``who``: roles of the workflow.
    """

    who: tuple[str, ...]
    first: Wait
    then: tuple[Wait, ...]

    def after(self, visits: int, moment: datetime) -> datetime:
        """When the next visit is due.

        Args:
            visits: made since the ticket got its grade.
            moment: of the last visit; of the grading when there was none.
        """
        return (self.first if not visits else self.then[min(visits, len(self.then)) - 1]).after(moment)
