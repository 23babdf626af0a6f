"""Places down to estate / road / village + building + unit + door, in the many ways people say them.

A place is a *name* (幸福里小区, 人民路, 李家屯, or a name from the city's address library) and optional *details*
(3号楼2单元501, 三栋, 3#2-501, 和解放街交叉口, 东头). Details alone count too: in an intake they correct a known place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from nlu.entities.found import Found
from nlu.entities.noun_run import NAME_CHARS, name_start
from nlu.entities.numbers import CHINESE, value
from nlu.text.tokenise import known_word, placed_words

_SUFFIX = (
    "小区|花园|家园|公寓|新村|社区|街道|大道|大街|胡同|广场|市场|菜市场|农贸市场|早市|夜市|小学|中学|高中|幼儿园|学校|医院|卫生院|公园|大厦|商场|超市|大桥|隧道|"
    "车站|公交站|地铁站|火车站|汽车站|服务区|工业园|产业园|开发区|工业区|家属院|家属楼|宿舍|安置区|回迁楼|回迁房|别墅|花苑|嘉园|华府|名苑|名城|水岸|"
    "村委会|居委会|写字楼|商业街|步行街|步道|水库|河道|码头|渔港|煤矿|国道|省道|县道|高速|环路|中路|东路|西路|南路|北路|立交桥|高架桥|"
    "苑|村|屯|镇|乡|县|区|市|路|街|巷|里|园|庄|沟|疃|埠|岭|洼|府|郡|庭|湾|城|厦|坊|桥|厂|院|河|坝"
)
_NAME_END = re.compile(rf"(?:{_SUFFIX})$")
_N = rf"(?:[0-9]{{1,4}}|[{CHINESE}幺]{{1,4}})"
_LETTER = "[A-Za-z]?"
BUILDING = rf"(?:{_LETTER}{_N}{_LETTER}\s*(?:号楼|栋楼|栋|幢|座楼|座|号院|#楼|#|号(?!线|门|院|码|下|上|前|后|左|右|晚|早|当|那|这|开|到|至|停|就|的))|[A-Ga-g](?:栋|座|幢))"
UNIT = rf"{_N}\s*单元"
DOOR = rf"(?:{_N}\s*(?:楼|层)(?:{_N}\s*(?:室|户|号)?)?|{_N}\s*(?:室|户|门(?!面|口|铺|店|诊)|号房))"
# 2单元501, B座1203, 三单元五零一; but 3号楼2020年 is a building and a year
BARE_DOOR = r"(?:(?<=[元楼栋幢座])|(?<=单元 ))(?:\d{3,4}|[零〇一二三四五六七八九幺]{3,4})(?![\d年月日点多十百千万个人户米平块元])"
PHASE = rf"(?:{_N}期|[东西南北中]区|[A-Ga-g]区)"
GROUP = rf"(?:第?{_N}(?:组|队|社)(?!织|长|会|区))"
DASHED = r"(?:[A-Za-z]?\d{1,3}\s*[-—–#]\s*\d{1,4}(?:\s*[-—–]\s*\d{1,4})?(?!\d|\s*(?:年|月|日|点|岁|元|万|块|个|天|人|米|次|小时|分)))"
_SIDE = (
    r"(?:对面|正对面|斜对面|门口|大门口|东门|西门|南门|北门|东头|西头|南头|北头|村头|村口|东侧|西侧|南侧|北侧|东边|西边|南边|北边|旁边|边上|隔壁|附近|周边|后面|前面|后边|前边|"
    r"桥头|桥下|拐角|路口|十字路口|丁字路口|楼下|地下车库|车库|停车场|顶楼|楼顶|楼道|院里|院内)"
)
SPOT = (
    rf"(?:的?(?:[和与跟][\u4e00-\u9fff0-9]{{1,6}}?(?:交叉口|交叉路口|交汇处|路口)|(?:交叉口|交叉路口|交汇处)|"
    rf"(?:[\u4e00-\u9fff0-9]{{1,6}}?(?:超市|饭店|药店|小学|中学|学校|幼儿园|银行|医院|菜市场|加油站|公交站|站牌|快递站|驿站|诊所|桥))?{_SIDE})"
    rf"(?:(?:老|小)?[\u4e00-\u9fff]{{1,3}}家(?:的)?{_SIDE})?)"
)
_DETAIL = re.compile(
    rf"\s*(?P<all>(?:(?P<phase>{PHASE})\s*)?(?:(?P<group>{GROUP})\s*)?(?:(?P<dashed>{DASHED})|(?:(?P<building>{BUILDING})\s*)?"
    rf"(?:(?P<unit>{UNIT})\s*)?(?:(?P<door>{DOOR}|{BARE_DOOR})\s*)?))(?P<spot>{SPOT})?"
)
_ONLY_DETAIL = re.compile(
    rf"(?:(?:{PHASE})\s*)?(?:{BUILDING}\s*(?:{UNIT}\s*)?(?:{DOOR}|{BARE_DOOR})?|{UNIT}\s*(?:{DOOR}|{BARE_DOOR})?)(?:楼下|楼道|门口|楼顶)?"
)
_HOLLOW_NAME = re.compile(
    r"^(?:小区|社区|村|镇|街道|学校|医院|市场|广场|公园|超市|路|街|大街|马路|公路|县|市|区|乡|院|厂|城|河|桥|园|里|家里|这里|那里|哪里|心里|手里|夜里|村里|院里|屋里|店里|厂里|市里|县里|镇里|区里|"
    r"幼儿园|小学|中学|高中|车站|公交站|停车场|开发区|老旧小区|全市|本市|我市|外省市|城区|市区|县城|城市|农村|乡村|山区|景区|地区|辖区|片区|园区|校园|公里|平方公里|单位|道路|出路|铁路|线路|电路|网路|走路|"
    r"一路|半路|路路|修路|让路|堵路|过路|逛街|上街|法院|检察院|住院|出院|医学院|电影院|养老院|敬老院|工厂|全村|本村|同村|外村|农贸市场|菜市场|超市里|库里|省市|都市|超市门口|商业街|步行街|政府|学府|"
    r"家庭|法庭|出庭|开庭|工业区|生活区|宿舍|公寓|别墅|写字楼|大厦|商场|高速|国道|省道|河道|水库|隧道|大桥|立交桥|新区|居民小区|住宅小区|居民区|住宅区|这个小区|社区居委会|居委会|村委会|家属院|老小区|我小区|物业小区)$"
)


@dataclass(frozen=True)
class PlaceParts:
    """The parts of a place as said; each None when not said. ``name`` includes the road or village."""

    name: str | None = None
    phase: str | None = None
    group: str | None = None
    building: str | None = None
    unit: str | None = None
    door: str | None = None
    spot: str | None = None

    def text(self) -> str:
        """The place as one readable line."""
        return "".join(
            p for p in (self.name, self.phase, self.group, self.building, self.unit, self.door, self.spot) if p
        )

    def corrected_by(self, new: PlaceParts) -> PlaceParts:
        """This place with what ``new`` says put in its stead (是4号楼 replaces the building and what lies inside it)."""
        if new.name and new.name != self.name:
            if self.name and new.name.endswith(self.name):
                return replace(self, name=new.name).corrected_by(replace(new, name=None))
            return new
        merged = self
        order = ("phase", "group", "building", "unit", "door", "spot")
        for i, part in enumerate(order):
            said = getattr(new, part)
            if said:
                # What lies inside the corrected part is kept only when the correction leaves it unsaid
                # and stands on a lower level (another building has other doors).
                cleared = {p: None for p in order[i + 1 :] if not getattr(new, p)} if part == "building" else {}
                merged = replace(merged, **{part: said, **cleared})
        return merged


def _number(text: str | None) -> str | None:
    if not text:
        return None
    match = re.search(rf"([A-Za-z]?)({_N})", text)
    if not match:
        letter = re.match(r"[A-Za-z]", text)
        return letter[0].upper() if letter else None
    found = value(match[2])
    return match[1].upper() + (str(int(found)) if found is not None else match[2])


def parts(text: str) -> PlaceParts:
    """Take a place as said apart. Anything before the first detail is the name."""
    text = _LEAD.sub("", text.strip(" ，。！？"))
    best: re.Match[str] | None = None
    for start in range(len(text)):
        match = _DETAIL.match(text, start)
        if (
            match
            and match["all"]
            and (
                match["building"]
                or match["dashed"]
                or match["unit"]
                or match["phase"]
                or match["group"]
                or match["door"]
            )
        ):
            best = match
            break
    if not best and re.fullmatch(SPOT, text):
        return PlaceParts(spot=text)
    if not best:
        spot = re.search(
            r"(?:交叉口|路口|对面|门口|东门|西门|南门|北门|东头|西头|南头|北头|旁边|附近|后面|前面).*$", text
        )
        if spot and spot.start() > 0:
            return PlaceParts(name=text[: spot.start()], spot=spot[0])
        return PlaceParts(name=text or None)
    name = re.sub(r"(?:里面|里头|的|\s)+$", "", text[: best.start()]) or None
    building = _number(best["building"])
    unit, door = _number(best["unit"]), _number(best["door"])
    if best["dashed"]:
        pieces = [p for p in re.split(r"[-—–#\s]+", best["dashed"]) if p]
        building = pieces[0].upper()
        if len(pieces) == 3:
            unit, door = pieces[1], pieces[2]
        elif len(pieces) == 2:
            unit, door = (None, pieces[1]) if len(pieces[1]) >= 3 else (pieces[1], None)
    rest = text[best.end() :].strip()
    if best["dashed"] and (more := re.match(r"[-—–]?(\d{1,4})", rest)) and not door:
        door, rest = more[1], rest[more.end() :]
    spot_text = ((best["spot"] or "") + rest) or None
    return PlaceParts(
        name,
        _phase(best["phase"]),
        _phase(best["group"]),
        f"{building}号楼" if building else None,
        f"{unit}单元" if unit else None,
        f"{door}室" if door and len(door) > 2 else (f"{door}楼" if door else None),
        spot_text,
    )


_LEAD = re.compile(r"^(?:应该|改成|换成|改为|地址|地点|位置|不是.{1,12}[，,]|其实|就|我家?|俺家?|住|是|在|：|:|\s)+")


def _phase(text: str | None) -> str | None:
    return text.replace(" ", "") if text else None


def find(text: str, gazetteer: Callable[[str], Iterator[tuple[int, int]]] | None = None) -> Iterator[Found]:
    """Places in ``text``.

    Args:
        text: normalised text.
        gazetteer: finds known place names in a text as spans; names from the city's own address library.
    """
    known = list(gazetteer(text)) if gazetteer else []
    names: list[tuple[int, int]] = list(known)
    words, flags = placed_words(text)
    for i, (start, word) in enumerate(words):
        if not _NAME_END.search(word) or not NAME_CHARS.match(word):
            continue
        first = name_start(words, flags, i)
        begin, end = words[first][0], start + len(word)
        if end < len(text) and text[end] in "长委民支域":
            continue
        name = text[begin:end]
        # 楼道里, 院子里 are no names; 幸福里 is one when a number or 小区 follows, or the address library knows it.
        if word.endswith("里") and not re.match(rf"(?:小区|社区|{_N}\s*(?:号|栋|幢|单元|#|-))", text[end:]):
            continue
        common = first == i and flags[i] in ("n", "s", "nt", "l", "f") and known_word(word)
        if (
            len(name) < 2
            or common  # 火车站, 卫生院: which one?
            or _HOLLOW_NAME.match(name)
            or re.fullmatch(rf"{_N}(?:里|路|区|市|城|院|街|桥|园|厂|村)", name)
        ):
            continue
        names.append((begin, end))
    taken: list[tuple[int, int]] = []
    for begin, end in _merged(sorted(names), text):
        if taken and begin < taken[-1][1]:
            continue
        match = _DETAIL.match(text, end)
        if match and match.end() > end and (match["all"] or match["spot"]):
            stop = match.end() if match["spot"] is not None or match["all"] else end
            end = max(end, begin + len(text[begin:stop].rstrip()))
        taken.append((begin, end))
        yield Found("place", begin, end, sure=any(begin <= b and e <= end for b, e in known))
    for match in _ONLY_DETAIL.finditer(text):
        if not any(b < match.end() and match.start() < e for b, e in taken):
            yield Found("place", match.start(), match.end())


def _merged(spans: list[tuple[int, int]], text: str) -> Iterator[tuple[int, int]]:
    """Overlapping or touching name spans as one (云溪市 + 人民路 → 云溪市人民路)."""
    current: tuple[int, int] | None = None
    for begin, end in spans:
        if current and begin <= current[1]:
            current = (current[0], max(current[1], end))
        else:
            if current:
                yield current
            current = (begin, end)
    if current:
        yield current
