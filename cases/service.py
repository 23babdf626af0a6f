"""What can be done with tickets: the table of contents of the service layer.

Plain functions on a session; the caller commits. Each lives with its idea; everyone outside calls them from here.
"""

from cases.actor import SYSTEM, Actor
from cases.emergencies import announce, end_emergency, in_force
from cases.evaluations import SCORES, ScoreError, evaluate, lapse
from cases.extensions import ExtensionError, ask_extension, decide_extension
from cases.filing import NewTicket, add_information, correct, file_ticket, new_code, submit
from cases.merging import MergeError, followers, head_of, merge
from cases.moves import StaleTicketError, TicketNotFoundError, UnknownUnitError, act
from cases.queries import (
    BadCursorError,
    Filter,
    Page,
    corrections,
    get,
    listing,
    look_up,
    of_reporter,
    queue,
    unit_name,
)
from cases.risk import regrade, visit
from cases.whistles import WhistleError, blow, check_in, end_whistle, escalate

__all__ = [
    "SCORES",
    "SYSTEM",
    "Actor",
    "BadCursorError",
    "ExtensionError",
    "Filter",
    "MergeError",
    "NewTicket",
    "Page",
    "ScoreError",
    "StaleTicketError",
    "TicketNotFoundError",
    "UnknownUnitError",
    "WhistleError",
    "act",
    "add_information",
    "announce",
    "ask_extension",
    "blow",
    "check_in",
    "correct",
    "corrections",
    "decide_extension",
    "end_emergency",
    "end_whistle",
    "escalate",
    "evaluate",
    "file_ticket",
    "followers",
    "get",
    "head_of",
    "in_force",
    "lapse",
    "listing",
    "look_up",
    "merge",
    "new_code",
    "of_reporter",
    "queue",
    "regrade",
    "submit",
    "unit_name",
    "visit",
]
