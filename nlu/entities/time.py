"""Times: dates, clock times, and how long something has lasted (昨晚十一点多, 连着三天了, 上礼拜五, 2021年5月)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.entities.found import Found
from nlu.entities.numbers import CHINESE

_N = rf"(?:\d{{1,4}}|[{CHINESE}几半]{{1,4}})"
_DAY = (
    r"(?:大前天|大后天|前天|昨天|今天|明天|后天|昨日|今日|明日|前日|昨儿个?|今儿个?|前儿个?|夜来|昨夜|今夜|昨晚|今晚|前晚|今早|明早|昨早|当晚|当天|"
    r"上个?(?:周|星期|礼拜)[一二三四五六日天末]?|这个?(?:周|星期|礼拜)[一二三四五六日天末]?|下个?(?:周|星期|礼拜)[一二三四五六日天末]?|本周[一二三四五六日天末]?|"
    r"(?:周|星期|礼拜)[一二三四五六日天末](?:到(?:周|星期|礼拜)?[一二三四五六日天])?|上个?月(?:初|中|底|末)?|这个?月(?:初|中|底|末)?|本月(?:初|中|底|末)?|"
    r"去年|前年|今年|上半年|下半年|年前|年后|年初|年底|月初|月底|春节|过年|国庆|中秋|五一|元旦|清明|端午|暑假|寒假|"
    r"春天|夏天|秋天|冬天|正月|腊月|开春|入冬|入夏)"
)
_YEAR = r"(?:去年|今年|前年|明年|大前年|上个?月|这个?月|下个?月|本月)"
_SEASON = (
    r"(?:春天|夏天|秋天|冬天|春节|过年|国庆|中秋|五一|元旦|入冬|入夏|开春|年?[初底]|上半年|下半年|暑假|寒假|正月|腊月)"
)
_PART = (
    r"(?:凌晨|清晨|大清早|一大早|早上|早晨|早起|上午|中午|晌午|下午|后晌|傍晚|晚上|晚间|夜间|夜里头?|半夜|深夜|后半夜|大半夜|三更半夜|夜晚|白天|天不亮|天黑后?|"
    r"前半夜|头半夜|晚饭后)"
)
_MINUTE = rf"(?:\d{{1,2}}(?!\d)分?|[{CHINESE}]{{2,3}}分?|[{CHINESE}]分|几分?)"  # 六点一直响 has none
_CLOCK = rf"(?:(?:\d{{1,2}}|[{CHINESE}]{{1,3}})(?:[:：]\d{{2}}|点钟?(?:半|多|左右|[一三]刻|{_MINUTE}|[一二三四五]?十[一二三四五六七八九]?分?)?|时(?:许|左右|{_N}分)?))(?:多|左右|来钟)?"
_DATE = (
    rf"(?:(?:\d{{4}}|\d{{2}}|[{CHINESE}]{{2,4}})年(?:初|底|末|春|夏|秋|冬|春节)?(?:\d{{1,2}}月(?:份|初|中旬|底|末)?|[一二三四五六七八九十]{{1,2}}月份?)?(?:\d{{1,2}}[日号])?"
    rf"|(?:\d{{1,2}}|[一二三四五六七八九十]{{1,3}})月(?:(?:\d{{1,2}}|[{CHINESE}]{{1,3}})[日号]|份|初|中旬|底|末)?"
    rf"|\d{{4}}[-/.]\d{{1,2}}(?:[-/.]\d{{1,2}})?|(?<!\d)\d{{1,2}}[日号](?![楼栋院单门线店桌机位地]))"
)
_SPAN = (
    rf"(?:{_N}(?:多|来|几)?个?(?:多|来)?(?:年|月|星期|礼拜|周|小时|钟头|季度)|{_N}(?:多|来|几)?(?:天|日|宿|晚上?|夜|周|分钟)|半年|大半年|小半年|一上午|一下午|一整天|半拉月|半个月|个把月|几个月|好几天|好几个月|好几年|"
    rf"一宿|半宿|一夜|一晚上|一天一夜|整宿|多年|数年|数月|数日|常年|近{_N}年)(?:多|来|左右|以上|半)?"
)
_COMPOSED = re.compile(
    rf"(?:{_DATE}|{_DAY})?(?:的)?(?:{_PART})?(?:{_CLOCK})(?:\s*(?:到|至|-|~|—)\s*(?:第二天|次日)?(?:{_PART})?(?:{_CLOCK}))?"
    rf"|(?:{_YEAR})的?(?:{_SEASON}|{_DATE})?(?:的?{_PART})?(?:{_CLOCK})?"
    rf"|第{_N}[天日]|{_N}个晚上|次日(?:{_PART})?(?:{_CLOCK})?|前[两几]天|前[两几]年"
    rf"|(?:{_DATE}|{_DAY})(?:的)?(?:{_PART})?"
    rf"|{_SPAN}"
)
_AGE = re.compile(r"^(?:多|来|几)?[岁龄]")
_CONTRACT = re.compile(r"(?:合同|租期|签了?|保修|质保|有效期|期限)(?:为|是|期|期限|了)?$")
# 一天/每天 as a rate (一天三顿, 每天) is a habit, not a time.
_RATE = re.compile(r"每$")
_HOLLOW = re.compile(
    r"^(?:一天|一年|一日|一月|几点|一点|一周|一时|当时|时|两点|三点|半|半夜|半天|一晚|一晚上|一夜|几天|几年|一会儿?)$"
)
_CALENDAR = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{4}年\d{1,2}月\d{1,2}[日号]")


def find(text: str) -> Iterator[Found]:
    """Time expressions of ``text``, longest first at each place."""
    for match in _COMPOSED.finditer(text):
        start, end = match.span()
        if start == end:
            continue
        piece = match[0]
        if _AGE.match(text[end:]) or _CONTRACT.search(text[:start]) or _RATE.search(text[:start]):
            continue
        if _HOLLOW.match(piece):
            continue
        if piece[0] == "的":
            start += 1
        yield Found("time", start, end, sure=bool(_CALENDAR.fullmatch(text[start:end])))
