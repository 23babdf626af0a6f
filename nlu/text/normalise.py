"""One spelling for the many ways a phone writes the same Chinese, with a map back to the original.

Everything after this module works on the normalised text; spans found there are mapped back, because
operators and records must quote what the resident really wrote.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# WeChat sends its own stickers as words in brackets. Only short, known-looking ones are dropped:
# a resident may also write [紧急] or 【求助】 by hand, which carry meaning.
_EMOTICONS = """
    微笑 撇嘴 色 发呆 得意 流泪 害羞 闭嘴 睡 大哭 尴尬 发怒 调皮 呲牙 惊讶 难过 囧 抓狂 吐
    偷笑 愉快 白眼 傲慢 困 惊恐 憨笑 悠闲 咒骂 疑问 嘘 晕 衰 骷髅 敲打 再见 擦汗 抠鼻 鼓掌
    坏笑 右哼哼 鄙视 委屈 快哭了 阴险 亲亲 可怜 笑脸 生病 脸红 破涕为笑 恐惧 失望 无语 嘿哈 捂脸
    奸笑 机智 皱眉 耶 吃瓜 加油 汗 天啊 Emm 社会社会 旺柴 好的 打脸 哇 翻白眼 666 让我看看
    叹气 苦涩 裂开 嘴唇 爱心 心碎 拥抱 强 弱 握手 胜利 抱拳 勾引 拳头 OK 合十 啤酒 咖啡 蛋糕
    玫瑰 凋谢 菜刀 炸弹 便便 月亮 太阳 庆祝 礼物 红包 發 福 烟花 爆竹 猪头 跳跳 发抖 转圈 流汗
    冷汗 怄火 左哼哼 哈欠 吓 可爱 心 玫瑰花 Smile Sob Cry Angry Scream Hug
    ThumbsUp ThumbsDown Facepalm
""".split()
_EMOTICON = re.compile(r"\[(?:" + "|".join(map(re.escape, _EMOTICONS)) + r")\]")
# Zero-width joiners, variation selectors, keycap, tags, and pictographs.
_EMOJI = re.compile(
    "[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\u20e3\ufeff\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf"
    "\u2b00-\u2bff\U0001f000-\U0001faff\U000e0000-\U000e007f]"
)
# Circled numbers are how people number their points: keep them readable.
_CIRCLED = {chr(0x2460 + i): str(i + 1) for i in range(9)}
_KEEP_FULL_WIDTH = set("，。！？；：（）、“”‘’《》【】…—")


@dataclass(frozen=True)
class Normalised:
    """A normalised text and, for each of its characters, the index of the original character it came from."""

    original: str
    text: str
    origin: tuple[int, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Map the span [start, end) of ``text`` to a span of ``original``."""
        if start >= end:
            raise ValueError(f"empty span {start}:{end}")
        return self.origin[start], self.origin[end - 1] + 1


@lru_cache(maxsize=1)
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def _simplify(text: str) -> str:
    converted: str = _converter().convert(text)
    if len(converted) == len(text):
        return converted
    return "".join(c if len(s := _converter().convert(c)) != 1 else s for c in text)


def _half_width(char: str) -> str:
    code = ord(char)
    if char in _KEEP_FULL_WIDTH:
        return char
    if 0xFF01 <= code <= 0xFF5E:
        return chr(code - 0xFEE0)
    if code == 0x3000:
        return " "
    return _CIRCLED.get(char, char)


_TO_CHINESE_MARK = {",": "，", "!": "！", "?": "？", ";": "；"}


def clean(text: str) -> str:
    """Remove what no channel should carry on: NUL and control characters, lone surrogates.

    Newlines and tabs stay. Used at the edge, before a message is stored.
    """
    return "".join(
        c for c in text if c in "\n\t" or not (unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff")
    )


@lru_cache(maxsize=16)  # a message is normalised by each part that reads it
def normalise(text: str) -> Normalised:
    """Normalise width, script, punctuation, emoji and white space.

    Args:
        text: anything a channel delivered, any length.

    Returns:
        The normalised text with its map to the original. Runs of white space and removed signs become
        one space; leading and trailing space is removed.
    """
    dropped = bytearray(len(text))
    for pattern in (_EMOTICON, _EMOJI):
        for match in pattern.finditer(text):
            for i in range(match.start(), match.end()):
                dropped[i] = 0 if text[i] in _CIRCLED else 1
    out: list[str] = []
    origin: list[int] = []
    for i, char in enumerate(text):
        category = unicodedata.category(char)
        if dropped[i] or category in ("Cc", "Cs", "Cf", "Co"):
            new = " "
        else:
            new = _half_width(char)
            new = _TO_CHINESE_MARK.get(new, new)
            if new.isspace():
                new = " "
        if new == " " and (not out or out[-1] == " "):
            continue
        out.append(new)
        origin.append(i)
    while out and out[-1] == " ":
        out.pop()
        origin.pop()
    return Normalised(text, _simplify("".join(out)), tuple(origin))


_SPACE_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff，。！？；：、]) (?=[\u4e00-\u9fff，。！？；：、])")


def for_model(text: str) -> str:
    """The form classifiers see: normalised, and without the spaces people put between Chinese words."""
    return _SPACE_BETWEEN_HAN.sub("", normalise(text).text)
