"""Sums of money: 3200元, 两万三, 五块钱, 十来万, 3w."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.entities.found import Found
from nlu.entities.numbers import NUMBER, value

_APPROX = r"(?:多|来|几)?"
_SUM = re.compile(
    rf"(?:人民币|￥|¥)?(\d+(?:\.\d+)?万\d+千?|{NUMBER}){_APPROX}(?:余)?\s*([wW万千百亿])?{_APPROX}(?:余)?\s*"
    rf"(?:元钱|块钱|元|块(?!地|板|砖|牌|石|儿)|圆|毛钱|角钱|rmb|RMB)(?:左右|上下|整)?"
)
_BARE = re.compile(
    rf"(?:欠|花了|交了|骗了?|借了?|损失|赔偿?|工资|押金|定金|首付|罚款?|垫付?|余额|充了?|存了?|一共|总共|大概|大约)(?:我|他|俺|我们|了|共|大概|一共)*({NUMBER}{_APPROX}[wW万](?:[一二三四五六七八九\d])?(?![人户平多]))"
)

# 四千二, 两万三, 六百多: round sums said without a unit, unless a measure word shows that something else is counted.
_ROUND = re.compile(
    r"(?<![\d第])(?:[一二两三四五六七八九十几]{1,2}[万千百])(?:零?[一二三四五六七八九][千百十]?[一二三四五六七八九]?)?(?:多|来|好几)?"
    r"(?![\d一二三四五六七八九十百千万元块个人户米平亩次天年月斤吨里字多来名条家位头只棵辆台斗栋层分套株瓦度份种岁来立公后年点])"
)
_HOLLOW = re.compile(r"^[一二两三四五六七八九]块$")


def find(text: str) -> Iterator[Found]:
    """Sums in ``text``; the value is yuan as a plain number."""
    for match in _SUM.finditer(text):
        compound = re.fullmatch(r"(\d+(?:\.\d+)?)万(\d+)(千?)", match[1])
        if compound:
            tail = float(compound[2]) * (1e3 if compound[3] or len(compound[2]) == 1 else 1)
            amount: float | None = float(compound[1]) * 1e4 + tail
        else:
            amount = value(match[1])
        if amount is None or (_HOLLOW.match(match[0]) and text[match.end() : match.end() + 1] != "钱"):
            continue  # 一块地, 一块去
        amount *= {"w": 1e4, "W": 1e4, "万": 1e4, "千": 1e3, "百": 1e2, "亿": 1e8}.get(match[2] or "", 1)
        yield Found("money", match.start(), match.end(), f"{amount:g}" if amount < 1e6 else f"{amount:.0f}")
    for match in _BARE.finditer(text):
        yield Found("money", match.start(1), match.end(1))
    for match in _ROUND.finditer(text):
        yield Found("money", match.start(), match.end())
