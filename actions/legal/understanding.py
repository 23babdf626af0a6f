"""What an answer within a guide means: a choice by number, words, a plain yes or no, or by meaning; a wish to go back."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from actions.intake.interpret import choice
from actions.turn import Turn
from knowledge.guiding.model import Question
from nlu.text.normalise import for_model
from nlu.understand.encoder import default_encoder

SURE = 0.6
LIKE, AHEAD = 0.86, 0.02  # how near in meaning an answer must be to a choice, and how far ahead of the next
_YES = ("是", "有", "对", "还在", "能", "会", "要", "愿意", "写了", "签了", "办了", "交了", "在")
_NO = ("不", "没", "无", "还没")
_UNSURE = ("说不清", "不知道", "不清楚", "记不清", "不确定", "拿不准")
# What the questions themselves tell the resident to say, understood however a model was trained.
_WISHES = {
    "back": ("上一步", "返回", "回上一步", "上一个", "上一题", "改上一个"),
    "later": ("先不弄了", "先不弄", "不弄了", "明天再弄", "以后再说", "退出", "先停下"),
    "restart": ("重新来", "从头来", "重来"),
    "repeat": ("再说一遍", "重复一遍", "没听清"),
    "why": ("为什么问", "为啥问这个", "啥意思", "什么意思", "看不懂", "不明白", "没听懂"),
    "family": ("发给家里人", "让家里人弄", "发给孩子"),
}


def wish(turn: Turn) -> str | None:
    """What is wanted instead of answering: back, later, restart, repeat, why, family."""
    plain = for_model(turn.text).strip("。，！？,.!? ")
    for name, said in _WISHES.items():
        if plain in said:
            return name
    signals = turn.reading.get("signals") or {}
    return next((name for name in ("back", "later", "restart", "repeat", "family") if name in signals), None)


@lru_cache(maxsize=256)
def _vectors(says: tuple[str, ...]) -> np.ndarray:
    return default_encoder().encode([for_model(s) for s in says])


def _starting(says: list[str], starts: tuple[str, ...]) -> int | None:
    hits = [i for i, said in enumerate(says) if said.startswith(starts)]
    return hits[0] if len(hits) == 1 else None


def answer(turn: Turn, asked: Question) -> tuple[int, bool] | None:
    """The choice an answer picks (from 0), and whether it was said outright; None if it picks none.

    Args:
        turn: the message.
        asked: a question with choices.
    """
    says = [c.say for c in asked.choices]
    picked = choice(turn.text, says)
    if picked is not None:
        return picked, True
    plain = for_model(turn.text).strip("。，！？,.!? ")
    if turn.act == "skip" and turn.act_confidence >= SURE:
        unsure = _starting(says, _UNSURE)
        if unsure is not None:
            return unsure, True
    if len(plain) <= 6 and turn.act in ("affirm", "deny") and turn.act_confidence >= SURE:
        picked = _starting(says, _YES if turn.act == "affirm" else _NO)
        if picked is not None:
            return picked, False
    if len(plain) < 2:
        return None
    near = _vectors(tuple(says)) @ default_encoder().encode([plain])[0]
    order = np.argsort(-near)
    if near[order[0]] >= LIKE and near[order[0]] - near[order[1]] >= AHEAD:
        return int(order[0]), False
    return None
