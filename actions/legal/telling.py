"""Saying what the knowledge base holds, and what is offered with it."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import offers, words
from actions.intake.state import Intake
from actions.legal import wording
from actions.offers import Events, Offer
from actions.turn import Turn
from common.logs import log
from knowledge.library import KnowledgeError
from knowledge.model import MEDIATION, Entry
from knowledge.search import Found
from knowledge.shelf import Served, shelf
from nlu.text.normalise import for_model

CLEAR = 0.5  # share of the likelihood from which the first entry is answered without showing the next ones
OTHERS = 2


def pending(turn: Turn) -> dict[str, Any]:
    """A question as it is kept, in case it is to be reported after all."""
    return {"text": turn.text, "reading": turn.reading, "meta": turn.meta}


def offers_for(entry: Entry, found: Found, served: Served, slow: bool) -> list[Offer]:
    """What fits an entry, the most helpful first."""
    out: list[Offer] = []
    if guide := served.leads_to.get(entry.id):
        out.append({"say": "一步一步问我，帮我弄清", "do": "guide", "guide": guide, "yes": True})
    if not slow and wording.rest(entry, served.library):
        out.append({"say": "要带什么、花多少钱", "do": "rest", "entry": entry.id})
    if entry.mediation:
        out.append({"say": f"请人来调解（{MEDIATION[entry.mediation]}）", "do": "mediation", "kind": entry.mediation})
    out.append({"say": "把这事报给网格员", "do": "report"})
    others = [hit.entry.id for hit in found.hits[1 : 1 + OTHERS]]
    if others:
        out.append({"say": "不是这个，我问的是别的", "do": "others", "entries": others})
    return out


def ask_which(dispatcher: CollectingDispatcher, options: list[Offer]) -> Events:
    """Say what is offered, by number, and remember it."""
    says = [str(o["say"]) for o in options]
    dispatcher.utter_message(response="utter_legal_offer", list=words.numbered(says), buttons=offers.buttons(says))
    return offers.made(options)


def tell(dispatcher: CollectingDispatcher, tracker: Tracker, entry: Entry, options: list[Offer]) -> Events:
    """Say an entry: whole with its offers, or in slow mode its first idea; in the middle of a report without offers."""
    served, slow = shelf().now(), bool(Turn.of(tracker).meta.get("slow"))
    if tracker.get_slot("intake"):
        for text in wording.short(entry, served.library):
            dispatcher.utter_message(text=text)
        return []
    if slow:
        return one_by_one(dispatcher, wording.ideas(entry, served.library), options)
    for text in wording.short(entry, served.library):
        dispatcher.utter_message(text=text)
    return ask_which(dispatcher, options)


def one_by_one(dispatcher: CollectingDispatcher, pieces: list[str], after: list[Offer]) -> Events:
    """Say the first idea, and keep the others for when they are asked for."""
    first, *others = pieces
    if not others:
        dispatcher.utter_message(text=first)
        return ask_which(dispatcher, after) if after else offers.made([])
    options: list[Offer] = [
        {"say": "接着说", "do": "next", "pieces": others, "after": after, "yes": True},
        {"say": "再说一遍", "do": "next", "pieces": pieces, "after": after},
    ]
    options += [{"say": "够了，看看还能帮我什么", "do": "enough", "after": after}] if after else []
    says = [str(o["say"]) for o in options]
    dispatcher.utter_message(text=f"{first}\n\n{words.numbered(says)}", buttons=offers.buttons(says))
    return offers.made(options)


def known(text: str) -> Found:
    """What the knowledge base has for a message; nothing when it cannot be read at all."""
    try:
        return shelf().now().finder.search(text)
    except KnowledgeError as error:
        log().error("knowledge not read", mistakes=len(error.problems), first=error.problems[0])
        return Found((), 0.0, False)


def answer(dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn, found: Found) -> Events:
    """Say what was found and what is offered with it; the question is kept, in case it is to be reported."""
    slow, served, entry = bool(turn.meta.get("slow")), shelf().now(), found.hits[0].entry
    kept = [] if tracker.get_slot("intake") else [SlotSet("pending", pending(turn))]
    return [*kept, *tell(dispatcher, tracker, entry, offers_for(entry, found, served, slow))]


def suggest(dispatcher: CollectingDispatcher, found: Found) -> Events:
    """Ask whether one of the likeliest is meant, where it is not sure enough to answer."""
    return which_entry(dispatcher, [hit.entry for hit in found.hits])


def which_entry(dispatcher: CollectingDispatcher, entries: list[Entry], told: bool = False) -> Events:
    """Ask which of some entries' questions is meant, or none; ``told`` when another one has been told before."""
    response = "utter_legal_others" if told else "utter_legal_which"
    options: list[Offer] = [{"say": e.question, "do": "entry", "entry": e.id} for e in entries]
    options.append({"say": "都不是", "do": "none"})
    dispatcher.utter_message(response=response, list=words.numbered([str(o["say"]) for o in options]))
    return offers.made(options)


ADVICE = 40  # characters; a longer message tells of a matter, even if it ends in a question
_ASKS = (
    "咋办",
    "咋整",
    "怎么办",
    "怎么弄",
    "咋弄",
    "找谁",
    "上哪",
    "去哪",
    "能不能",
    "可不可以",
    "能要",
    "能告",
    "合法吗",
    "犯法",
    "违法吗",
    "该不该",
    "有没有理",
)


def asks_advice(turn: Turn) -> bool:
    """Whether what reads as a report asks what to do, in a few words: 儿子不给养老钱咋办."""
    plain = for_model(turn.text)
    short = len(plain) <= ADVICE and turn.reading.get("category") in ("dispute", "legal", "special", None)
    return short and not turn.reading.get("urgent") and any(asks in plain for asks in _ASKS)


def after_filing(dispatcher: CollectingDispatcher, intake: Intake) -> Events:
    """A quarrel was reported: what the law says of it can be heard too."""
    if intake.category != "dispute":
        return []
    found = known(intake.text)
    if not found.answered or found.hits[0].score < CLEAR:
        return []
    option: Offer = {"say": "讲讲法律上怎么办", "do": "entry", "entry": found.hits[0].entry.id}
    dispatcher.utter_message(response="utter_legal_after_filing", buttons=offers.buttons([str(option["say"])]))
    return offers.made([option])
