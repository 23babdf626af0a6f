"""What stands right before and right behind a found name: whether it is another, longer name (南京幸福里, 南山庄园)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from cases.places.details import after
from cases.places.spelling import fold
from nlu.entities.noun_run import STOP
from nlu.text.tokenise import known_word, placed_words

OTHER = "other"  # not the place of that name
MORE = "more"  # words nobody knows are part of it
_ELSEWHERE = Path(__file__).with_name("elsewhere.txt")
# 新幸福里 and 北和平小区 are other places than 幸福里 and 和平小区; 老李家屯 is the same.
_TELLS_APART = frozenset("新小北南东西前后大上下中")
_RANKS = frozenset("县 区 镇 乡 省".split())  # 县一中 is not 市一中
_REGION = re.compile(r"[\u4e00-\u9fff]{2,}(?:省|市|县|区|州|盟|旗|镇|乡)$")
_NO_REGION = re.compile(
    r"(?:小区|社区|市区|城区|老区|辖区|片区|园区|山区|新区|地区|校区|库区|景区|郊区|开发区|居民区|城市|本市|全市|我市|都市|超市|门市|夜市|早市|集市|菜市|本县|我县|全县|本镇|我镇|全镇|本区|我区|乡镇|村镇|城镇)$"
)
_REGION_BEHIND = re.compile(r"[\u4e00-\u9fff]{2,4}?[省市县](?!场|民|政|区|长)")
# Words that make a longer name of the one they follow, when they stand by themselves (南山庄 + 园).
_GOES_ON = frozenset("园 苑 城 府 庭 湾 镇 乡 县 区 桥 岭 山 庄园".split())
_ROADS = frozenset("路 街 巷".split())
_FACILITY = re.compile(
    r"[^，的和与跟对旁附\d]{0,5}?(?:超市|饭店|饭馆|酒店|宾馆|旅馆|药店|药房|诊所|医院|卫生院|卫生室|小学|中学|学校|幼儿园|银行|公司|工厂|加油站|公交站|站牌|市场|商店|小卖部|网吧|理发店|茶楼|浴池|驿站|公园|广场|大厦|烧烤店|快递点|水库|果园|[厂店馆厅站])"
)
_PEOPLE = frozenset("业主 居民 物业 住户 小区 楼道 老人 家属 电梯".split())
_BESIDE = re.compile(r"[的里内这那有在东西南北]|门口|对面|旁边|附近|楼下|后面|前面")
_HOMES = re.compile(r"(?:宿舍|家属|小区|花园|家园|公寓|新村)")  # 机床厂宿舍 is not the works
_PARTICLES = re.compile(r"(?:的|了|着|过|是|在|到|从|住|家|，)+$")


@lru_cache(maxsize=1)
def _elsewhere() -> tuple[str, ...]:
    lines = _ELSEWHERE.read_text(encoding="utf-8").splitlines()
    return tuple(fold(name) for line in lines if not line.startswith("#") for name in line.split())


def before(head: str, own: frozenset[str], *, estate: bool, first: bool) -> str:
    """Judge the text between the last name and this one: OTHER, MORE, or nothing.

    Args:
        head: folded text that ends where the name begins.
        own: beginnings of the city's own area names, which look like other cities' now and then (朝阳).
        estate: the name is an estate's, village's or road's. Schools and works share everyday names (电子厂), so that
            a name before them (金鼎电子厂) makes them others.
        first: no other name stands before it.
    """
    if re.search(r"[\dA-Z]$", head) and not estate:
        return OTHER
    stripped = _PARTICLES.sub("", head)
    if not stripped or stripped != head:
        return ""
    head = re.split(r"[^\u4e00-\u9fff]", head)[-1]
    if not head:
        return ""
    if _REGION.search(head) and not _NO_REGION.search(head):
        return OTHER
    if any(head.endswith(name) for name in _elsewhere() if name not in own):
        return OTHER
    words, flags = placed_words(head)
    word, flag = words[-1][1], flags[-1]
    if word in _TELLS_APART and (words[-2][1] in STOP if len(words) > 1 else first):
        return OTHER
    if word in _RANKS and not estate:
        return OTHER
    if word in STOP or word == "老":
        return ""
    if flag == "s" and not estate:
        return OTHER  # 城北客运站
    if flag[0] not in "nxj":
        return ""
    if flag == "nr" and estate and not known_word(word):
        return ""  # 王红，幸福里3号楼, without the comma
    return MORE if flag == "n" and known_word(word) else OTHER


def behind(tail: str, level: str, *, whole: bool) -> str:
    """Judge the text that follows a name without building or door: OTHER, MORE, or nothing.

    Args:
        tail: folded text behind the name.
        level: estate, village, road or place.
        whole: the name has its ending (水岸新城, not 水岸), so that what follows is beside it or within.
    """
    if not tail or not "\u4e00" <= tail[0] <= "\u9fff":
        return ""
    region = _REGION_BEHIND.match(tail)
    if region and not _NO_REGION.search(region[0]):
        return OTHER
    words, flags = placed_words(tail[:12])
    word = words[0][1]
    if word in _GOES_ON or (level == "place" and (word in _ROADS or word[0] in "街巷" or _HOMES.match(tail))):
        return OTHER
    if _own_building(words, flags, tail):
        return OTHER
    if _FACILITY.match(tail) or (word in _ROADS and level != "road"):
        return MORE if whole else OTHER
    return ""


def stands_alone(head: str, tail: str) -> bool:
    """Whether a name with a slip in it has nothing beside it that could belong to another name.

    Args:
        head: what stands before it since the last name or pause.
        tail: what follows.
    """
    clean = not head or bool(_PARTICLES.search(head))
    return clean and (not tail or not "\u4e00" <= tail[0] <= "\u9fff" or bool(_BESIDE.match(tail)))


def _own_building(words: list[tuple[int, str]], flags: list[str], tail: str) -> bool:
    """Whether nouns follow, and then a building: theirs, not the name's (水岸 + 豪庭3号楼)."""
    for (start, word), flag in zip(words, flags, strict=True):
        if start and word[0].isdigit():
            return after(tail[start:]).building is not None
        if flag[0] not in "nx" or word in _PEOPLE:
            return False
    return False
