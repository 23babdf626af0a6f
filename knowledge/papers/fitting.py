"""Making what was said fit into a form: 三万块 before 元 becomes 30000, 我叫张三 becomes 张三. What does not fit is left to the hand."""

from __future__ import annotations

import re
import unicodedata

from nlu.entities.numbers import NUMBER, value

_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}  # control, invisible, half a character, private, unassigned
_PICTURES = re.compile("[\u20e3\u2600-\u27bf\ufe00-\ufe0f\U0001f000-\U0001faff]")
_EDGES = " \u3000。，、；：,.;:！!？?…~～"
_UNSAID = re.compile(
    r"(?:我|这个|实在|也|真)*(?:不知道|不清楚|不晓得|不记得|说不清|说不好|记不清|记不得|想不起来|忘了|忘记|跳过|不想说|不说|先空着)了?(?:啊|呀|呢|吧)?"
)
_NONE = re.compile(r"(?:一分)?(?:钱)?(?:都|也)?(?:没有|没|无|零|0)(?:给|收入|钱|还|退)?(?:过)?了?(?:元|块|块钱)?")

_MAY_BE_NONE = re.compile("没有|收入|已经")  # where nothing is an answer; nobody claims 0 yuan

# Words round a number that say nothing of it. Those of doing count only where the form speaks of the same.
_HEDGES = "大概|大约|差不多|约|将近|估计|可能|应该"
_FILLERS = "我们|我|一共|总共|合计|共|就是|就|有|是|得"
_DOINGS = "欠|还|给|交|付|花|骗|借|退|到手|赔|要"
_LEAD = re.compile(
    rf"(?:(?P<hedge>{_HEDGES})|(?:{_FILLERS})|(?P<doing>{_DOINGS})(?:我|他|她|了|过)*|(?P<month>每个?月|一个?月))"
)
_TAIL = re.compile(r"(?:(?P<about>左右|上下|的样子)|吧|呢|啊|整|了)+$")
_YUAN = re.compile(r"(?:块钱|元钱|块|元|圆|人民币|rmb)$", re.IGNORECASE)
_PERSONS = re.compile(r"(?:口人|口子|个人|周岁|岁|口|人|个|张|天|级|次)$")
_VAGUE = re.compile(r"(?:好?几|\d+|[一二两三四五六七八九十百千万]+)(?:多|来|几)?[十百千万亿]?(?:多|来)?")
_TWO_AT_ONCE = re.compile(r"[一二两三四五六七八九]{2}[十百千万]")  # 两三千: between two and three thousand
_RANGE = re.compile(rf"({NUMBER}[万千百]?)(?:块|元)?(?:到|至|-|~|—)({NUMBER}[万千百]?)")
_MIXED = re.compile(r"(\d+(?:\.\d+)?)万(\d+)(千?)")
_JIAO = re.compile(r"(\d+)块(\d)[毛角]?")

_SUM = re.compile(r"^(?:金额|要回的数)")
_COUNT = re.compile(r"^(?:几|岁数)")
_DAY = re.compile(r"^(?:日期|日子|哪天|哪年|什么时候|年月日|开始|离开|出事的日子|领证的日子)")
_NAME = re.compile(r"^(?:您的)?姓名$")
_CALLED = re.compile(r"^(?:(?:我|他|她|老人)的?(?:名字)?(?:就)?(?:叫做?|是|名叫)|名字(?:叫|是)?|姓名(?:是)?|叫)[:： ]*")
_SINCE = re.compile(r"^(?:自从|打从|从|自)")
_ALIKE = "起元岁口日天"  # one character said twice, when the form goes on with it


def clean(said: str) -> str:
    """What was said, on one line, without pictures and what cannot be seen, and without punctuation round it."""
    spaced = re.sub(r"\s", " ", said)
    kept = "".join(c for c in spaced if unicodedata.category(c) not in _DROPPED)
    return re.sub(" +", " ", _PICTURES.sub("", kept)).strip(_EDGES)


def _written(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:.2f}".rstrip("0").rstrip(".")


def _plain_number(text: str) -> float | None:
    """One definite number, however it is written; None for vague ones and for anything else."""
    if mixed := _MIXED.fullmatch(text):
        tail = int(mixed[2]) * (1000 if mixed[3] or len(mixed[2]) == 1 else 1)
        return float(mixed[1]) * 10_000 + tail
    if jiao := _JIAO.fullmatch(text):
        return int(jiao[1]) + int(jiao[2]) / 10
    if _TWO_AT_ONCE.search(text):
        return None
    return value(re.sub("[wW]$", "万", re.sub("[kK]$", "千", text)))


def _led(text: str, about: str, before: str) -> tuple[str, bool] | None:
    """The text without words that lead up to a number, and whether they said it was a guess; None if they say more than that."""
    guessed = False
    while match := _LEAD.match(text):
        if match["doing"] and match["doing"] not in about:
            return None
        if match["month"] and "每月" not in before:
            return None
        guessed = guessed or bool(match["hedge"])
        text = text[match.end() :]
    return text, guessed


def _quantity(said: str, label: str, unit: re.Pattern[str], about: str, before: str) -> str | None:
    """The number in ``said`` as it stands before a unit, 约2000; None when there is not just one."""
    text = unicodedata.normalize("NFKC", said).replace(" ", "")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text).lstrip("¥￥")
    if _NONE.fullmatch(text):
        return "0" if _MAY_BE_NONE.search(label + about) else None
    led = _led(text, about, before)
    if led is None:
        return None
    text, guessed = led
    if tail := _TAIL.search(text):
        guessed = guessed or bool(tail["about"])
        text = text[: tail.start()]
    number = _plain_number(text)
    if number is None:
        text = unit.sub("", text)
        number = _plain_number(text)
    if number is not None:
        shown = _written(number)
    elif found := _RANGE.fullmatch(text):
        ends = [_plain_number(end) for end in found.groups()]
        if None in ends:
            return None
        shown = "到".join(_written(end) for end in ends if end is not None)
    elif _VAGUE.fullmatch(text):
        return text  # 三万多, 两三千: already says that it is a guess
    else:
        return None
    return f"约{shown}" if guessed and not before.endswith(("约", "大概")) else shown


def _text(said: str, label: str, before: str, after: str) -> str:
    """Words that go into a sentence: what the sentence itself says before or after them is not said twice."""
    text = said
    if _NAME.match(label):
        text = _CALLED.sub("", text)
    if _DAY.match(label) or before.endswith(("从", "自")):
        text = _SINCE.sub("", text)
    if before.endswith("在"):
        text = text.removeprefix("在")
    if after.startswith("起"):
        text = re.sub("(?:开始|以来|以后)$", "", text)
    for length in range(min(4, len(text) - 1, len(after)), 0, -1):
        twice = after[:length]
        if text.endswith(twice) and (length > 1 or twice in _ALIKE):
            text = text[:-length]
            break
    return text.strip(_EDGES)


def fit(said: str, label: str, before: str, after: str, about: str = "") -> str | None:
    """What was said, in the form it has to have at a blank.

    Args:
        said: the answer in the person's words.
        label: of the blank.
        before: the form's words before the blank.
        after: those after it.
        about: all words of the form near blanks of this answer; they tell what the answer is about.

    Returns:
        The words to print; None when nothing was said that fits: the blank stays.
    """
    text = clean(said)
    if not text or _UNSAID.fullmatch(text):
        return None
    if _SUM.match(label) or after.startswith("元"):
        return _quantity(text, label, _YUAN, about + before, before)
    if _COUNT.match(label):
        return _quantity(text, label, _PERSONS, about + before, before)
    return _text(text, label, before, after) or None
