"""Places in the ways residents really say them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nlu.entities.place import PlaceParts, parts
from nlu.understand.pipeline import Entity

Find = Callable[[str, str], list[Entity]]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("幸福里3号楼2单元半夜吵", "幸福里3号楼2单元"),
        ("幸福里三栋二单元漏水", "幸福里三栋二单元"),
        ("我家在幸福裡3#2-501", "幸福裡3#2-501"),
        ("幸福里３号楼２单元５０１", "幸福里３号楼２单元５０１"),
        ("幸福里小区三号楼二单元五零一", "幸福里小区三号楼二单元五零一"),
        ("幸福里3-2-501没水", "幸福里3-2-501"),
        ("幸福里3栋501室", "幸福里3栋501室"),
        ("幸福里 3号楼 2单元", "幸福里 3号楼 2单元"),
        ("李家屯东头老王家旁边着火了", "李家屯东头老王家旁边"),
        ("人民路和解放街交叉口信号灯坏了", "人民路和解放街交叉口"),
        ("和平路与人民路路口堵车", "和平路与人民路路口"),
        ("文昌苑小区9号楼楼下堆垃圾", "文昌苑小区9号楼楼下"),
        ("锦绣花园二期20号楼电梯坏了", "锦绣花园二期20号楼"),
        ("锦绣花园17幢1单元", "锦绣花园17幢1单元"),
        ("龙湖花园A区5栋停水", "龙湖花园A区5栋"),
        ("阳光城B座1203装修", "阳光城B座1203"),
        ("富贵家园七号楼四单元三零二", "富贵家园七号楼四单元三零二"),
        ("学府花园10号楼3单元401", "学府花园10号楼3单元401"),
        ("石桥村三组的路没修", "石桥村三组"),
        ("石桥村村口", "石桥村村口"),
        ("市人民医院门口乱停车", "市人民医院门口"),
        ("文峰公园南门有摆摊的", "文峰公园南门"),
        ("望海镇北崖村码头", "望海镇北崖村码头"),
        ("云溪市人民路88号", "云溪市人民路88号"),
        ("幸福里西门公交站", "幸福里西门公交站"),
        ("翠湖小区地下车库进水", "翠湖小区地下车库"),
        ("金街公馆2号楼顶楼漏雨", "金街公馆2号楼顶楼"),
        ("柳河大桥桥头护栏断了", "柳河大桥桥头"),
        ("实验小学对面", "实验小学对面"),
        ("俺家住李家屯", "李家屯"),
        ("他们在光明小区门口摆摊", "光明小区门口"),
        ("是4号楼", "4号楼"),
        ("3号楼2单元501", "3号楼2单元501"),
    ],
)
def test_place_said_in_a_message(find: Find, text: str, place: str) -> None:
    assert [e.text for e in find(text, "place")] == [place]


def test_a_year_after_the_building_is_no_door(find: Find) -> None:
    text = "幸福里3号楼2020年就漏水"
    assert [e.text for e in find(text, "place")] == ["幸福里3号楼"]
    assert [e.text for e in find(text, "time")] == ["2020年"]


@pytest.mark.parametrize(
    ("text", "time", "place"),
    [
        ("昨晚十一点多幸福里3号楼楼下吵", "昨晚十一点多", "幸福里3号楼楼下"),
        ("晚上十点半人民路放炮", "晚上十点半", "人民路"),
        ("凌晨两点左右文昌苑小区吵", "凌晨两点左右", "文昌苑小区"),
        ("半个月前李家屯停水", "半个月前", "李家屯"),
        ("三天人民路没水", "三天", "人民路"),
    ],
)
def test_a_time_told_right_before_a_place_is_no_part_of_its_name(find: Find, text: str, time: str, place: str) -> None:
    assert [e.text for e in find(text, "time")] == [time]
    assert [e.text for e in find(text, "place")] == [place]


@pytest.mark.parametrize(
    "text",
    [
        "几个小区都停水",
        "两个村打起来了",
        "我们小区物业不管",
        "楼道里堆满了杂物",
        "院子里的树倒了",
        "村里有一块地被占了",
        "小区门口有狗",
        "心里难受",
        "家里漏水",
        "路上有个坑",
        "马路对面太吵",
        "这里没人管",
        "一路走好",
        "县里的政策",
    ],
)
def test_false_friends_are_no_place(find: Find, text: str) -> None:
    assert find(text, "place") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("幸福里3号楼2单元501", PlaceParts(name="幸福里", building="3号楼", unit="2单元", door="501室")),
        ("幸福里三栋二单元", PlaceParts(name="幸福里", building="3号楼", unit="2单元")),
        ("幸福里3#2-501", PlaceParts(name="幸福里", building="3号楼", unit="2单元", door="501室")),
        ("幸福里3-2-501", PlaceParts(name="幸福里", building="3号楼", unit="2单元", door="501室")),
        ("幸福里3-501", PlaceParts(name="幸福里", building="3号楼", door="501室")),
        ("锦绣花园二期20号楼", PlaceParts(name="锦绣花园", phase="二期", building="20号楼")),
        ("阳光城B座1203", PlaceParts(name="阳光城", building="B号楼", door="1203室")),
        ("石桥村三组", PlaceParts(name="石桥村", group="三组")),
        ("幸福里3号楼5楼", PlaceParts(name="幸福里", building="3号楼", door="5楼")),
        ("人民路和解放街交叉口", PlaceParts(name="人民路和解放街", spot="交叉口")),
        ("是4号楼", PlaceParts(building="4号楼")),
        ("应该是三单元", PlaceParts(unit="3单元")),
        ("李家屯", PlaceParts(name="李家屯")),
    ],
)
def test_parts_of_a_place(text: str, expected: PlaceParts) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("known", "correction", "result"),
    [
        ("幸福里3号楼2单元501", "是4号楼", "幸福里4号楼"),
        ("幸福里3号楼2单元", "是4号楼2单元", "幸福里4号楼2单元"),
        ("幸福里3号楼2单元", "三单元", "幸福里3号楼3单元"),
        ("幸福里3号楼2单元501", "302室", "幸福里3号楼2单元302室"),
        ("幸福里3号楼", "文昌苑5号楼", "文昌苑5号楼"),
        ("幸福里3号楼", "文昌苑", "文昌苑"),
        ("锦绣花园一期3号楼", "二期", "锦绣花园二期3号楼"),
        ("人民路", "云溪市人民路", "云溪市人民路"),
        ("幸福里3号楼", "幸福里", "幸福里3号楼"),
    ],
)
def test_a_correction_replaces_what_it_names(known: str, correction: str, result: str) -> None:
    assert parts(known).corrected_by(parts(correction)).text() == result
