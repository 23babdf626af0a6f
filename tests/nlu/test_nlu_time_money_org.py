"""Times, sums, organisations and people, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nlu.understand.pipeline import Entity

Find = Callable[[str, str], list[Entity]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("昨晚十一点多还在吵", "昨晚十一点多"),
        ("连着三天了没人管", "三天"),
        ("上礼拜五打的电话", "上礼拜五"),
        ("2021年5月交的房", "2021年5月"),
        ("前天下午3点半", "前天下午3点半"),
        ("今天早上停的水", "今天早上"),
        ("晚上十点到第二天早上六点一直响", "晚上十点到第二天早上六点"),
        ("得有半个月了吧", "半个月"),
        ("欠了三个多月", "三个多月"),
        ("上个月底报过", "上个月底"),
        ("去年冬天暖气就不热", "去年冬天"),
        ("12月3日下午", "12月3日下午"),
        ("从5月份开始", "5月份"),
        ("凌晨两点还在施工", "凌晨两点"),
        ("2023-05-01签的合同", "2023-05-01"),
    ],
)
def test_time(find: Find, text: str, said: str) -> None:
    assert [e.text for e in find(text, "time")] == [said]


@pytest.mark.parametrize("text", ["每天都吵", "一天三顿饭", "等一会儿", "老人80多岁了", "3号楼", "有点吵", "一点不管"])
def test_no_time(find: Find, text: str) -> None:
    assert find(text, "time") == []


@pytest.mark.parametrize(
    ("text", "said", "yuan"),
    [
        ("欠我3200元", "3200元", "3200"),
        ("要了五块钱", "五块钱", "5"),
        ("被骗十来万块钱", "十来万块钱", "100000"),
        ("充了3w块", "3w块", "30000"),
        ("1.5万元的工程款", "1.5万元", "15000"),
        ("押金2000块不退", "2000块", "2000"),
        ("两百多块钱", "两百多块钱", "200"),
        ("工资三千五百元", "三千五百元", "3500"),
        ("花2万5千块装修", "2万5千块", "25000"),
        ("罚款￥500元", "￥500元", "500"),
    ],
)
def test_money(find: Find, text: str, said: str, yuan: str) -> None:
    assert [(e.text, e.value) for e in find(text, "money")] == [(said, yuan)]


@pytest.mark.parametrize(
    "text", ["村里有一块地被占了", "咱们一块去看看", "这块牌子掉了", "两块石头挡路", "楼上三块砖掉下来"]
)
def test_no_money(find: Find, text: str) -> None:
    assert find(text, "money") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("云溪鸿运物业公司不作为", "云溪鸿运物业公司"),
        ("我找过市人社局", "市人社局"),
        ("在阳光幼儿园上学", "阳光幼儿园"),
        ("大发建筑有限公司欠薪", "大发建筑有限公司"),
        ("平安保险公司不赔", "平安保险公司"),
        ("找城管局好几次", "城管局"),
    ],
)
def test_organisation(find: Find, text: str, name: str) -> None:
    assert [e.text for e in find(text, "org")] == [name]


@pytest.mark.parametrize("text", ["我们小区物业不管", "找过社区了", "物业费太贵", "楼下饭店油烟大", "开发商跑了"])
def test_generic_words_are_no_organisation(find: Find, text: str) -> None:
    assert find(text, "org") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [("我叫王秀兰，住三单元", "王秀兰"), ("房东姓李", "姓李"), ("找过张主任", "张主任"), ("联系人：陈建国", "陈建国")],
)
def test_person(find: Find, text: str, name: str) -> None:
    assert [e.text for e in find(text, "person")] == [name]
