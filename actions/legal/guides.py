"""A guide in the chat: one small question at a time, back and forth, to be gone on with another day."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import offers, words
from actions.form import interrupted
from actions.intake.interpret import NEVER_AN_ANSWER
from actions.legal import understanding, wording
from actions.legal.telling import ask_which, one_by_one
from actions.offers import Events, Offer
from actions.turn import EVENT_PREFIX, Turn
from common.db import reading, transaction
from common.settings import settings
from knowledge.guiding import interview as steps
from knowledge.guiding import kept
from knowledge.guiding.interview import Interview
from knowledge.guiding.model import Guide, Question, Result
from knowledge.guiding.served import served
from knowledge.guiding.table import Kept
from knowledge.library import Library
from knowledge.model import MEDIATION

ASIDE_SURE = 0.85
ASIDE_LENGTH = 6  # characters; a shorter message is an answer nobody understood, not another matter
ASIDES = frozenset({"legal_question", "report", "human", "track", "faq_bot", "greet", "thanks"})
FREE_ASIDES = frozenset({"human", "track"})  # where the answer may be any words
DONE = [SlotSet("guide", None), SlotSet("guide_answer", None)]


def link(token: str) -> str | None:
    """The page of an interview; None when this city has no public address."""
    base = settings().public_url
    return f"{base}/help/{token}" if base else None


def _at(token: str | None) -> tuple[Kept, Guide, Interview] | None:
    """The interview under way; None when it is over, forgotten, or its guide asks otherwise now."""
    with reading() as session:
        row = kept.get(session, token) if token else None
        if row is None:
            return None
        try:
            guide, interview = kept.taken_up(served().guides, row)
        except kept.GuideChangedError:
            return None
        session.expunge(row)
        return row, guide, interview


def begin(dispatcher: CollectingDispatcher, tracker: Tracker, guide: Guide) -> Events:
    """Start a guide, and say what it is for."""
    with transaction() as session:
        token = kept.start(session, guide, tracker.sender_id).id
    dispatcher.utter_message(response="utter_guide_begin", title=guide.title, about=guide.about)
    return [SlotSet("guide", token), SlotSet("guide_answer", None), FollowupAction("guide_form")]


@offers.taker("guide")
def _guide(dispatcher: CollectingDispatcher, tracker: Tracker, offer: Offer) -> Events:
    guide = served().guides.get(offer["guide"])
    if guide is None:
        dispatcher.utter_message(response="utter_legal", **words.city())
        return []
    return begin(dispatcher, tracker, guide)


class ValidateGuideForm(Action):
    """Takes the answer. Nothing returned means: this was about something else, and the guide waits."""

    def name(self) -> str:
        return "validate_guide_form"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        if not tracker.get_slot("requested_slot"):
            return [SlotSet("guide_answer", None)]
        turn = Turn.of(tracker)
        found = _at(tracker.get_slot("guide"))
        if found is None:
            dispatcher.utter_message(response="utter_guide_gone")
            return [SlotSet("guide_answer", "gone")]
        row, guide, interview = found
        asked = steps.question(guide, interview)
        if asked is None:  # the page, or another message, came to the end meanwhile
            return [SlotSet("guide_answer", "done")]
        if wanted := understanding.wish(turn):
            return self._wish(dispatcher, wanted, row, guide, interview, asked)
        if turn.act.startswith(EVENT_PREFIX) or turn.act in NEVER_AN_ANSWER:
            return []
        after = self._taken(dispatcher, turn, guide, interview, asked)
        if after is None:
            return []
        if after is interview:
            return [SlotSet("guide_answer", None)]
        return self._kept(dispatcher, row, guide, after)

    def _taken(
        self, dispatcher: CollectingDispatcher, turn: Turn, guide: Guide, interview: Interview, asked: Question
    ) -> Interview | None:
        """The interview after an answer; itself when it was not understood; None when it is about something else."""
        aside = turn.act_confidence >= ASIDE_SURE and len(turn.text) >= ASIDE_LENGTH
        if not asked.choices:
            if aside and turn.act in FREE_ASIDES:
                return None
            skipped = turn.act == "skip" and turn.act_confidence >= understanding.SURE
            return steps.say(guide, interview, "" if skipped else turn.text)
        picked = understanding.answer(turn, asked)
        if picked is None:
            if (aside and turn.act in ASIDES) or turn.reading.get("urgent"):
                return None
            dispatcher.utter_message(response="utter_guide_which")
            return interview
        number, outright = picked
        if not outright:
            dispatcher.utter_message(response="utter_guide_heard", said=asked.choices[number].say)
        return steps.choose(guide, interview, number + 1)

    def _kept(self, dispatcher: CollectingDispatcher, row: Kept, guide: Guide, after: Interview) -> Events:
        try:
            with transaction() as session:
                kept.answered(session, row, guide, after)
        except kept.ChangedMeanwhileError:
            dispatcher.utter_message(response="utter_guide_meanwhile")
            return [SlotSet("guide_answer", None)]
        return [SlotSet("guide_answer", "done" if steps.result(guide, after) else None)]

    def _wish(
        self,
        dispatcher: CollectingDispatcher,
        wanted: str,
        row: Kept,
        guide: Guide,
        interview: Interview,
        asked: Question,
    ) -> Events:
        if wanted == "back":
            if not interview.steps:
                dispatcher.utter_message(response="utter_guide_first")
                return [SlotSet("guide_answer", None)]
            return self._kept(dispatcher, row, guide, steps.back(guide, interview))
        if wanted == "restart":
            return self._kept(dispatcher, row, guide, steps.begin(guide))
        if wanted == "later":
            return [SlotSet("guide_answer", "later")]
        if wanted == "why":
            help_ = asked.help
            dispatcher.utter_message(text=help_) if help_ else dispatcher.utter_message(response="utter_guide_why")
        if wanted == "family":
            say_link(dispatcher, row.id)
        return [SlotSet("guide_answer", None)]


def say_link(dispatcher: CollectingDispatcher, token: str) -> None:
    """Tell how a family member can go on with it."""
    address = link(token)
    if address:
        dispatcher.utter_message(response="utter_guide_link", link=address)
    else:
        dispatcher.utter_message(response="utter_guide_no_link", **words.city())


def _just_begun(tracker: Tracker) -> bool:
    """Whether the guide was started or taken up by this very message."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "slot" and event.get("name") == "guide":
            return True
    return False


class AskGuideAnswer(Action):
    """The question of the guide that is due."""

    def name(self) -> str:
        return "action_ask_guide_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        found = _at(tracker.get_slot("guide"))
        if found is None:
            dispatcher.utter_message(response="utter_guide_gone")
            return [SlotSet("guide_answer", "gone")]
        _, guide, interview = found
        asked = steps.question(guide, interview)
        if asked is None:
            return [SlotSet("guide_answer", "done")]
        if interrupted(tracker) and not _just_begun(tracker):
            dispatcher.utter_message(response="utter_guide_go_on")
        number = len(interview.steps) + 1
        if asked.choices:
            says = [c.say for c in asked.choices]
            dispatcher.utter_message(
                response="utter_guide_choice",
                number=number,
                question=asked.ask,
                list=words.numbered(says),
                buttons=offers.buttons(says if number == 1 else [*says, "上一步"]),
            )
        else:
            dispatcher.utter_message(
                response="utter_guide_words",
                number=number,
                question=asked.ask,
                buttons=offers.buttons(["不知道", "上一步"]),
            )
        return []


def position(result: Result, library: Library) -> list[str]:
    """A result, one idea a piece: where one stands, what not to miss, what to do, what to take, where."""
    pieces = [result.position]
    pieces += [f"当心：{w}" for w in result.warnings[:1]]
    pieces += [f"有个时间别错过。{wording.limit(t)}" for t in result.limits]
    pieces.append("您可以这样做：\n" + words.numbered(list(result.steps)))
    if result.papers:
        pieces.append(f"带上：{'、'.join(result.papers)}。")
    pieces.append("去哪儿：\n" + "\n".join(wording.office(library.offices[key]) for key in result.where))
    pieces += [f"当心：{w}" for w in result.warnings[1:]]
    pieces.append(f"依据：{wording.laws(result.statutes)}。{wording.phone(result.phone)}。")
    return pieces


class FinishGuide(Action):
    """The guide is through, or left for another time."""

    def name(self) -> str:
        return "action_finish_guide"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        token, outcome = tracker.get_slot("guide"), tracker.get_slot("guide_answer")
        back = [FollowupAction("intake_form")] if tracker.get_slot("intake") else []
        if outcome == "later":
            dispatcher.utter_message(response="utter_guide_later")
            return [*DONE, *back]
        found = _at(token)
        result = steps.result(found[1], found[2]) if found else None
        if found is None or result is None:
            return [*DONE, *back]
        row, guide, interview = found
        slow = bool(Turn.of(tracker).meta.get("slow"))
        if address := link(row.id):
            with_draft = "utter_guide_papers" if result.draft else "utter_guide_page"
            dispatcher.utter_message(response=with_draft, link=address)
        options: list[Offer] = []
        if result.mediation:
            options.append(
                {
                    "say": f"请人来调解（{MEDIATION[result.mediation]}）",
                    "do": "mediation",
                    "kind": result.mediation,
                }
            )
        options.append({"say": "把这事报给网格员", "do": "report"})
        pieces = position(result, served().library)
        events: Events = [SlotSet("pending", _pending(guide, interview, Turn.of(tracker)))]
        if back:
            for piece in pieces:
                dispatcher.utter_message(text=piece)
        elif slow:
            events += one_by_one(dispatcher, pieces, options)
        else:
            dispatcher.utter_message(text="\n".join(pieces[:-3]))
            dispatcher.utter_message(text="\n".join(pieces[-3:]))
            events += ask_which(dispatcher, options)
        return [*events, *DONE, *back]


def _pending(guide: Guide, interview: Interview, turn: Turn) -> dict[str, Any]:
    """What was told in the interview, as a report that may be made of it."""
    told = [f"{guide.questions[s.question].ask.rstrip('？?。')}：{s.said}" for s in interview.steps if s.said]
    return {"text": f"{guide.title}。" + "；".join(told), "reading": {}, "meta": turn.meta}


class GoOnGuide(Action):
    """接着昨天那个: the interview that was left is taken up again."""

    def name(self) -> str:
        return "action_go_on_guide"

    @offers.first()
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        with reading() as session:
            row = kept.latest(session, tracker.sender_id)
            token = row.id if row else None
        found = _at(token)
        if found is None:
            dispatcher.utter_message(response="utter_guide_none_left")
            return []
        dispatcher.utter_message(response="utter_guide_taken_up", title=found[1].title)
        return [
            ActiveLoop(None),
            SlotSet("guide", token),
            SlotSet("guide_answer", None),
            FollowupAction("guide_form"),
        ]
