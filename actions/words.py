"""Small pieces of text the responses are filled with. The sentences themselves are in responses.yml."""

from __future__ import annotations

from actions.intake.state import Intake
from cases.outward.backend import Standing, backend
from common.settings import settings
from knowledge.model import MEDIATION
from nlu.taxonomy import taxonomy
from nlu.text.normalise import for_model
from nlu.understand.features import without_greeting

CIRCLED = "①②③④⑤⑥⑦⑧⑨"
QUOTE = 36


def numbered(options: list[str]) -> str:
    """``① 噪声太吵\\n② 邻里纠纷``."""
    return "\n".join(f"{CIRCLED[i]} {option}" for i, option in enumerate(options))


def plain_name(type_: str | None) -> str:
    """What a resident would call the matter type."""
    return taxonomy().type(type_).plain if type_ and taxonomy().has_type(type_) else "您反映的事"


def quote(text: str, limit: int = QUOTE) -> str:
    """The resident's own words, short enough to be read back."""
    flat = without_greeting(for_model(text))
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def answers(intake: Intake) -> str:
    """The answers given, one line; empty when there are none beyond the first message."""
    kind = taxonomy().type(intake.type) if intake.type else None
    said = []
    for followup in kind.followups if kind else ():
        answer = intake.answers.get(followup.key)
        if answer and answer not in intake.text:
            said.append(answer)
    return "；".join(said)


def summary(intake: Intake) -> str:
    """What was understood, two to four short lines."""
    lines = [f"事情：{plain_name(intake.type)}（{quote(intake.text)}）"]
    if intake.place:
        lines.append(f"地点：{intake.place}" + ("（和上一件一样）" if intake.place_assumed else ""))
    elif intake.lat is not None:
        lines.append("地点：您发来的定位")
    if answers(intake):
        lines.append(f"情况：{answers(intake)}")
    if intake.notes:
        lines.append(f"补充：{quote('；'.join(intake.notes), 60)}")
    if intake.photos:
        lines.append(f"照片：{len(intake.photos)}张")
    if intake.mediation:
        lines.append(f"您要的：{MEDIATION[intake.mediation]}")
    if intake.anonymous:
        lines.append("署名：不留名")
    return "\n".join(lines)


def ticket_line(standing: Standing) -> str:
    """One line about a ticket for a list."""
    return f"{backend().spoken(standing.number)}　{plain_name(standing.type)}：{standing.said}"


def city() -> dict[str, str]:
    """What responses say of the city: its name, office hours, hotline."""
    config = settings()
    return {"city": config.city_name, "hours": config.office_hours, "hotline": config.hotline}
