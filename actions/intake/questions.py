"""Which questions are still to be asked, in which order."""

from __future__ import annotations

from collections.abc import Sequence

from actions.intake.state import Intake
from actions.turn import Turn
from nlu.entities.place import parts
from nlu.taxonomy import DANGER, Followup, MatterType, taxonomy

# The category is asked for below this probability, the type below the second one.
SURE_CATEGORY = 0.5
SURE_TYPE = 0.25
CHOICES = 3
GUESSABLE = 0.15  # below this the likeliest types are no better than a draw: ask openly instead of offering them


def matter_type(intake: Intake) -> MatterType | None:
    """The matter type, when it is decided."""
    return taxonomy().type(intake.type) if intake.type and taxonomy().has_type(intake.type) else None


def note_known(intake: Intake, turn: Turn) -> None:
    """Mark the follow-ups that the resident's own words have answered already."""
    kind = matter_type(intake)
    if kind is None:
        return
    for followup in kind.followups:
        if followup.key in intake.known or followup.key in intake.answers:
            continue
        said = [piece for entity in followup.filled_by for piece in turn.dated(entity, intake.full_text)]
        if said:
            intake.answers[followup.key] = "、".join(dict.fromkeys(said))[:80]
        elif any(hint in intake.full_text for hint in followup.hints):
            intake.known.append(followup.key)


def open_followups(intake: Intake) -> Sequence[Followup]:
    """Follow-ups nobody has answered."""
    kind = matter_type(intake)
    if kind is None:
        return ()
    return [f for f in kind.followups if f.key not in intake.answers and f.key not in intake.known]


def needs_place(intake: Intake) -> bool:
    """Whether the place must be asked for."""
    if intake.lat is not None or intake.place_skipped:
        return False
    if intake.place:
        # 3号楼 says nothing without the estate, unless the grid is known from a scanned code.
        return intake.grid is None and parts(intake.place).name is None
    kind = matter_type(intake)
    return kind is None or kind.place == "required"


def needs_matter(intake: Intake) -> bool:
    """Whether it is too unclear what the matter is."""
    return not intake.type


def missing(intake: Intake) -> str | None:
    """The next thing the form lacks: matter, place, detail, confirm, or None when it is done."""
    if intake.outcome:
        return None
    if needs_matter(intake):
        return "matter"
    if needs_place(intake):
        return "place"
    if open_followups(intake):
        return "detail"
    return None if intake.ticket else "confirm"


def decide_type(intake: Intake) -> None:
    """Settle the type when the reading is sure enough; otherwise offer the likeliest few."""
    best = intake.candidates[0] if intake.candidates else None
    if best is None:
        return
    if intake.urgent:
        # Danger to life is one of these lines of work (rules 1, 2 and 20), whatever else the words remind of.
        best = next((c for c in intake.candidates if c["category"] in DANGER), best)
        intake.type, intake.category = best["type"], best["category"]
        intake.needs_review = best["confidence"] < SURE_CATEGORY
        return
    if intake.confidence >= SURE_CATEGORY and best["confidence"] >= SURE_TYPE:
        intake.type, intake.category = best["type"], best["category"]
        return
    if best["confidence"] < GUESSABLE:
        return
    offered = [best]
    for candidate in intake.candidates[1:]:
        if len(offered) < CHOICES and candidate["confidence"] > 0.04:
            offered.append(candidate)
    if len(offered) == 1:
        intake.type, intake.category, intake.needs_review = best["type"], best["category"], True
        return
    intake.choices = [c["type"] for c in offered]
