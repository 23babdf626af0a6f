"""What a message means while a matter is being reported.

``take`` changes the intake and says whether the message belonged to it. If it did not (a greeting, a question
about something else), the dialogue's rules answer it and the form asks again.
"""

from __future__ import annotations

import re

from actions.intake import questions
from actions.intake.state import UNSAID, Intake
from actions.turn import Turn
from nlu.entities.numbers import CHINESE, DIGIT
from nlu.entities.place import parts
from nlu.taxonomy import Followup, taxonomy
from nlu.text.normalise import for_model

ASIDE = frozenset({"greet", "thanks", "chitchat", "faq_bot", "legal_question", "track", "human"})
NEVER_AN_ANSWER = frozenset({"fraud_now", "help_reading", "go_on_guide"})
ASIDE_SURE = 0.6
ASIDE_SURE_LONG = 0.85  # 打过他们人工客服，说七天内回: the longer an answer, the likelier a word in it misleads
CANCEL_SURE = 0.6
CANCEL_WITH_FACTS = 0.9  # 三天了吧 tells something; what was reported is not thrown away on a guess
SHORT_ANSWER = 40
LONG_ANSWER = 10
LONG_TEXT = 30
OTHER_MATTER_SURE = 0.6
TURNED_URGENT = 0.7
PLACE_TRIES = 2
CONFIRMING = ("对，报上去", "不对，要改", "不报了")  # the numbers of slow mode
_CIRCLED = "①②③④⑤⑥⑦⑧⑨"
_NOTHING_MORE = re.compile(
    r"^(?:没有?了|没啥了|就这些|就这样|不用改|不改|没错|都对|没问题|报吧|行|中|好)[了吧啊呢的。！]*$"
)
# The same said at length, when the reader already took it for a no: 没别的要补充了, 冇其他了, 就刚才说的那些.
_ADDS_NOTHING = re.compile(
    r"没(?:有|啥|什么|了|得|别的|其他)|就(?:这些|这样|这点|这个|这么|说这|刚才)|冇|不用(?:了|改|补|加)|不加了"
)
_OBJECTS = re.compile(r"不对|不是|错|有误|没说|没写|没报")
_NONE_OF_THESE = re.compile(r"(?:都不是|不是这|都不对|没有一个|哪个都不|另外的)")
_UNKNOWN = re.compile(
    r"^(?:不知道|不清楚|不晓得|不懂|记不清|说不清|没注意|忘了|不好说|晓不得|冇知|唔知|跳过|略过|不想说|不方便说|不说了?|保密)"
)
_SAID_INSTEAD = re.compile(r"(?:是|在|改成|换成)([^，。,！!是在]{2,16}?)(?:才对|那[边儿]|这[边儿])?[吧啊呢的。！!]*$")
_YES = re.compile(r"^(?:对|是|是的|嗯+|好|好的|行|可以|中|对的|哦+|喔)[啊呀的吧。！]*$")
_NEGATED_PLACE = re.compile(r"^.{0,12}?不(?:是|在)[^，。,]{1,14}[，,。\s]*(?:而?是|在|应该是)")


def choice(text: str, options: list[str]) -> int | None:
    """Index of the option a short answer picks: 2, ②, 第二个, or the option's own words."""
    plain = for_model(text).strip("。，！ ")
    for i, circle in enumerate(_CIRCLED[: len(options)]):
        if circle in text:
            return i
    match = re.fullmatch(r"(?:选|第|是|就是)?\s*([0-9一二三四五六七八九两])\s*(?:个|号|项|、|\.|吧|呢)*", plain)
    if match and 1 <= DIGIT[match[1]] <= len(options):
        return DIGIT[match[1]] - 1
    hits = [i for i, option in enumerate(options) if option in plain or (len(plain) >= 2 and plain in option)]
    return hits[0] if len(hits) == 1 else None


def _aside(turn: Turn, asked: str | None) -> bool:
    """Whether the message is about something else than the matter."""
    if turn.act not in ASIDE or turn.act_confidence < ASIDE_SURE or turn.value("phone"):
        return False
    if asked != "matter" and len(turn.text) >= LONG_ANSWER and turn.act_confidence < ASIDE_SURE_LONG:
        return False
    number = (
        len(turn.text) <= 8 and re.search(rf"[\d{CHINESE}几]", turn.text) and not re.search(r"人工|真人|转", turn.text)
    )
    if asked != "matter" and number:
        return False  # 7个人, 三四回: a number is an answer
    if turn.act == "legal_question":
        return asked != "matter" and len(turn.text) >= 8
    return True


def begin(turn: Turn, photos: list[str]) -> Intake:
    """An intake from the first message."""
    reading = turn.reading
    matters = reading.get("matters") or []
    intake = Intake(
        text=turn.text.strip(),
        candidates=reading.get("candidates", []),
        confidence=reading.get("confidence", 0.0),
        urgent=bool(reading.get("urgent")),
        source=turn.key,
        photos=list(photos),
        grid=turn.meta.get("grid"),
        phone=turn.value("phone"),
    )
    if len(matters) > 1:
        # By weight: danger and violence first (rule 1 of the annotation guide), then as the resident told them.
        ordered = sorted(matters, key=lambda m: m["type"].split(".")[0] not in ("hazard", "security"))
        first, *rest = ordered
        intake.text = first["text"]
        intake.candidates = [
            {"category": first["type"].split(".")[0], "type": first["type"], "confidence": first["confidence"]}
        ]
        intake.confidence = first["confidence"]
        intake.queue = [{"text": m["text"], "type": m["type"], "confidence": m["confidence"]} for m in rest]
        intake.say.append("several")
    intake.place = _own_place(turn, intake.text)
    questions.decide_type(intake)
    questions.note_known(intake, turn)
    return intake


def _turned_urgent(turn: Turn) -> bool:
    """Danger told in an answer. A short answer read by itself says little, so more is asked of it than of a report."""
    beyond_place = len(turn.text) - len(turn.place or "")
    sure = float(turn.reading.get("urgency") or 0.0) >= TURNED_URGENT
    return bool(turn.reading.get("urgent")) and sure and turn.act == "report" and beyond_place >= 4


def _own_place(turn: Turn, text: str) -> str | None:
    places = turn.pieces("place")
    own = [p for p in places if p in text] or places
    return max(own, key=len, default=None)


def next_in_queue(intake: Intake) -> Intake | None:
    """The next matter the resident spoke of, with what carries over: place, grid, phone, anonymity."""
    if not intake.queue:
        return None
    head, *rest = intake.queue
    following = Intake(
        text=head["text"],
        type=head["type"],
        category=head["type"].split(".")[0],
        confidence=head["confidence"],
        grid=intake.grid,
        phone=intake.phone,
        anonymous=intake.anonymous,
        queue=rest,
        index=intake.index + 1,
        source=intake.source,
        say=["next"],
    )
    own = head.get("place")
    following.place = own or intake.place
    following.place_assumed = own is None and intake.place is not None
    following.lat, following.lng = (intake.lat, intake.lng) if not own else (None, None)
    questions.note_known(following, Turn("", "report", 1.0))
    return following


def take(intake: Intake, turn: Turn) -> bool:
    """Let ``turn`` change the intake. False when it is about something else."""
    asked = intake.asked
    intake.say = []
    if turn.act in ("event_photo", "event_location"):
        _attach(intake, turn)
        return True
    if turn.act.startswith("event_") or turn.act in NEVER_AN_ANSWER:
        return False
    if turn.act == "cancel" and turn.act_confidence >= (CANCEL_WITH_FACTS if _tells(turn) else CANCEL_SURE):
        intake.outcome = "cancel"
        return True
    if turn.act == "anonymous" and turn.act_confidence >= ASIDE_SURE:
        intake.anonymous = True
        intake.say.append("anonymous")
        return True
    if not intake.urgent and _turned_urgent(turn):
        intake.urgent = True
        intake.notes.append(turn.text)
        intake.say.append("urgent")
    if _aside(turn, asked):
        return False
    if turn.value("phone"):
        intake.phone = turn.value("phone")
    if _correction(intake, turn, asked):
        return True
    if asked == "matter":
        _answer_matter(intake, turn)
    elif asked == "place":
        _answer_place(intake, turn)
    elif asked == "confirm":
        _answer_confirm(intake, turn)
    elif asked:
        _answer_detail(intake, turn, asked)
    else:
        intake.notes.append(turn.text)
    return True


def _tells(turn: Turn) -> bool:
    """Whether a message holds facts: a time, a place, a sum, a number to call."""
    return any(turn.pieces(kind) for kind in ("time", "place", "money", "phone"))


def _attach(intake: Intake, turn: Turn) -> None:
    if turn.act == "event_photo":
        photo = turn.meta.get("photo")
        if photo and photo not in intake.photos:
            intake.photos.append(photo)
        intake.say.append("photo")
    else:
        intake.lat, intake.lng = turn.meta.get("lat"), turn.meta.get("lng")
        intake.place = turn.meta.get("label") or intake.place
        intake.place_assumed = False
        intake.say.append("pin")


def _correction(intake: Intake, turn: Turn, asked: str | None) -> bool:
    """地址说错了，是4号楼: a part of what is known is put right, whatever was asked."""
    if asked == "place" or (asked not in ("confirm", "matter") and len(turn.text) <= SHORT_ANSWER and not turn.place):
        return False  # it is the answer to what was asked
    if turn.act != "correct" and not (asked == "confirm" and turn.place and turn.act != "report"):
        return False
    said = _NEGATED_PLACE.sub("", turn.text)
    places = [p for p in turn.pieces("place") if p in said] or turn.pieces("place")
    if places and intake.place:
        intake.place = parts(intake.place).corrected_by(parts(max(places, key=len))).text()
        intake.place_assumed = False
        intake.say.append("corrected")
        return True
    if places:
        intake.place = max(places, key=len)
        intake.say.append("corrected")
        return True
    if turn.value("phone"):
        intake.say.append("corrected")
        return True
    spot = _SAID_INSTEAD.search(said)
    if spot and intake.place and re.search(r"地址|地方|地点|位置|不在|错", turn.text):
        intake.place = parts(intake.place).corrected_by(parts(spot[1])).text()
        intake.say.append("corrected")
        return True
    if asked == "confirm" and len(turn.text) > 6:
        intake.notes.append(f"更正：{turn.text}")
        intake.say.append("corrected")
        return True
    if asked == "confirm":
        intake.say.append("what_is_wrong")
        return True
    return False


def _second_matter(intake: Intake, turn: Turn) -> bool:
    """Queue a further matter told in the middle of this one."""
    candidates = turn.reading.get("candidates") or []
    if turn.act != "report" or len(turn.text) < 10 or not candidates:
        return False
    best = candidates[0]
    sure = turn.reading.get("confidence", 0.0) >= OTHER_MATTER_SURE and best["confidence"] >= OTHER_MATTER_SURE
    marked = re.match(r"^(?:还有|另外|再就是|对了|再一个|顺便|此外)", for_model(turn.text))
    if best["type"] == intake.type or not sure or not (marked or best["category"] != intake.category):
        return False
    intake.queue.append(
        {"text": turn.text, "type": best["type"], "confidence": best["confidence"], "place": turn.place}
    )
    intake.say.append("queued")
    return True


def _answer_matter(intake: Intake, turn: Turn) -> None:
    names = [taxonomy().type(code).plain for code in intake.choices]
    picked = choice(turn.text, [*names, "都不是"])
    if turn.act == "affirm" and turn.act_confidence >= ASIDE_SURE and picked is None and len(names) == 1:
        picked = 0
    if picked is not None and picked < len(names):
        intake.type = intake.choices[picked]
        intake.category = intake.type.split(".")[0]
        intake.confidence = 1.0
        questions.note_known(intake, Turn("", "report", 1.0))
        return
    intake.unclear_tries += 1
    said_none = picked == len(names) or _NONE_OF_THESE.search(turn.text) or turn.act == "deny"
    candidates = turn.reading.get("candidates") or []
    if not said_none and len(turn.text) >= 5 and candidates:
        intake.notes.append(turn.text)
        intake.candidates, intake.confidence = candidates, turn.reading.get("confidence") or 0.0
        intake.place = intake.place or turn.place
        if intake.unclear_tries < 2 and turn.act == "report":
            intake.choices = []
            questions.decide_type(intake)
            questions.note_known(intake, turn)
            return
    if intake.unclear_tries >= 2:
        # A person decides; what the resident said must not be lost over our not understanding it.
        best = intake.candidates[0]
        intake.type, intake.category, intake.needs_review = best["type"], best["category"], True
        intake.known = [f.key for f in taxonomy().type(intake.type).followups]
        intake.say.append("review")
    else:
        intake.choices = []
        intake.say.append("tell_again")


def _answer_place(intake: Intake, turn: Turn) -> None:
    intake.place_tries += 1
    if turn.place:
        said = parts(_joined_place(turn))
        known = parts(intake.place) if intake.place else None
        # Asked for the estate of 3号楼, 幸福里 completes the place; it does not replace it.
        intake.place = (said.corrected_by(known) if known and not known.name and said.name else said).text()
        if len(turn.text) > len(intake.place) + 4:
            intake.notes.append(turn.text)
        questions.note_known(intake, turn)
        return
    if _UNKNOWN.match(for_model(turn.text)) or (turn.act == "skip" and turn.act_confidence >= ASIDE_SURE):
        intake.place_skipped = True
        return
    if _second_matter(intake, turn):
        return
    text = turn.text.strip()
    if len(text) <= SHORT_ANSWER and turn.act not in ("affirm", "deny", "unclear") and len(for_model(text)) >= 2:
        intake.place = text if not intake.place else f"{text}{intake.place}"
        return
    if len(text) > SHORT_ANSWER:
        intake.notes.append(text)
    if intake.place_tries >= PLACE_TRIES:
        if 2 <= len(for_model(text)) <= SHORT_ANSWER and turn.act == "unclear":
            intake.notes.append(text)
        intake.place_skipped = True


def _joined_place(turn: Turn) -> str:
    """Adjacent places of one answer as one (幸福里小区，3号楼 2单元)."""
    pieces = [e for e in turn.reading.get("entities", []) if e["kind"] == "place"]
    joined, last = pieces[0]["text"], pieces[0]["end"]
    for piece in pieces[1:]:
        if piece["start"] - last <= 2:
            joined += piece["text"]
        elif len(piece["text"]) > len(joined):
            joined = piece["text"]
        last = piece["end"]
    return str(joined)


def _answer_detail(intake: Intake, turn: Turn, key: str) -> None:
    followup = next((f for f in questions.open_followups(intake) if f.key == key), None)
    if followup is None:
        intake.notes.append(turn.text)
        return
    if _second_matter(intake, turn):
        return
    plain = for_model(turn.text)
    if _UNKNOWN.match(plain) or (turn.act == "skip" and turn.act_confidence >= ASIDE_SURE):
        intake.answers[key] = UNSAID
        return
    if not plain:
        intake.unclear_tries += 1
        if intake.unclear_tries >= 2:
            intake.answers[key] = UNSAID
        return
    if _answered_another(intake, followup, turn):
        return
    if _YES.match(plain) and not followup.ask.rstrip("？?").endswith(("吗", "没有", "没")):
        intake.unclear_tries += 1  # 对 is no answer to 什么时候: ask once more, then let it be
        if intake.unclear_tries >= 2:
            intake.answers[key] = UNSAID
        return
    intake.answers[key] = _answer_text(followup, turn)
    if turn.place and intake.place is None:
        intake.place = turn.place
    if len(turn.text) > LONG_TEXT:
        intake.notes.append(turn.text)
        questions.note_known(intake, turn)


def _answered_another(intake: Intake, asked: Followup, turn: Turn) -> bool:
    """Asked what kind it is, people may answer since when: that answers the other question; this one is asked again."""
    if asked.kind != "choice" or choice(turn.text, list(asked.choices)) is not None or intake.unclear_tries:
        return False
    before = len(questions.open_followups(intake))
    for followup in questions.open_followups(intake):
        said = [piece for entity in followup.filled_by for piece in turn.pieces(entity)]
        if followup.key != asked.key and said:
            intake.answers[followup.key] = turn.text.strip()[:80]
    answered = len(questions.open_followups(intake)) < before
    intake.unclear_tries += answered
    return answered


def _answer_text(followup: Followup, turn: Turn) -> str:
    if followup.kind == "choice":
        picked = choice(turn.text, list(followup.choices))
        if picked is None and _NONE_OF_THESE.search(turn.text):
            picked = next((i for i, c in enumerate(followup.choices) if c in ("别的", "其他", "别的事")), None)
        if picked is not None:
            return followup.choices[picked]
    return turn.text.strip()[:200]


def _answer_confirm(intake: Intake, turn: Turn) -> None:
    plain = for_model(turn.text).strip("。，！ ")
    number = choice(turn.text, list(CONFIRMING)) if len(plain) <= 3 else None
    if number == 1:
        intake.say.append("what_is_wrong")
        return
    if number is not None:
        intake.outcome = "file" if number == 0 else "cancel"
        return
    if _NOTHING_MORE.match(plain) or (turn.act == "affirm" and turn.act_confidence >= 0.4):
        intake.outcome = "file"
        return
    if turn.act == "deny" and _ADDS_NOTHING.search(plain) and not _OBJECTS.search(plain):
        intake.outcome = "file"
        return
    if turn.act == "deny" and len(plain) <= 6:
        intake.say.append("what_is_wrong")
        return
    if turn.act == "skip":
        intake.outcome = "file"
        return
    if _second_matter(intake, turn):
        return
    if len(plain) >= 3:
        intake.notes.append(turn.text.strip())
        if turn.place and intake.place_assumed:
            intake.place, intake.place_assumed = turn.place, False
        intake.say.append("noted")
        return
    intake.unclear_tries += 1
