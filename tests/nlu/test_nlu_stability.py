"""The way a phone writes a message must not change what it is about."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest

from nlu.understand.pipeline import Pipeline

MESSAGES = """
楼下烧烤店天天半夜2点还吵得睡不着
广场舞音响太大，每天吵到9点多
小区垃圾3天没人收，都臭了
楼下饭店油烟直接往我家窗户上冲
路边摆摊的把人行道都占满了
邻居在楼顶私自搭了个彩钢房
小区绿化带被人铲了种菜
人民路路灯坏了5盏没人修
河里的水又黑又臭
有人在村头烧秸秆呛得慌
楼道里贴满了小广告
邻居养的狗老是随地拉屎不牵绳
小区里车乱停把路都堵死了
工厂夜里偷偷排黑烟
消防通道被私家车堵了
楼里有人飞线给电瓶车充电
电梯老是突然往下掉一截，吓人
马路上有个大坑，骑车容易摔
井盖没了1个，晚上看不见
电线杆歪了，电线都耷拉下来了
饭店煤气罐乱放在门口
工地没有安全网，天天往下掉东西
老楼外墙皮往下掉，差点砸到人
超市卖过期食品
老板拖欠我3个月工资不给
房东不退押金2000块
物业乱收费还不干活
开发商延期交房1年多了
邻居装修把我家墙震裂了，商量不了
健身房办卡跑路了不退钱
村里征地补偿款没给我们
医院给我看坏了腿不认账
朋友借了我50000块钱不还
低保怎么申请，家里困难
老人一个人在家没人照顾
残疾证补贴没发下来
退役军人补助想问问
留守儿童没人管
邻居有精神病，老拿东西砸门
暖气不热，家里才15度
自来水停了2天了
医保报销比例太低办不下来
孩子上学学区怎么划分
公交车等一个小时都不来
办营业执照要什么材料
公租房排了3年没排上
家里电动车被偷了
楼上有人聚众赌博
有人在小区里卖保健品骗老人
怎么打离婚官司，财产怎么分
想申请法律援助请律师
签了合同对方违约能不能起诉
村里贫困补助不公开
党员组织关系怎么转
新搬来的租户没登记，好几个人住一屋
小区发现流感好几个孩子发烧
疫苗什么时候能打
门口自动售货机旁边摆地摊占道
小区健身器材坏了没人修
幸福里3号楼下水道堵了，污水都冒出来了
""".split("\n")[1:-1]
KEPT = 0.9


@lru_cache(maxsize=1)
def _traditional() -> Any:
    import opencc

    return opencc.OpenCC("s2t")


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def traditional(text: str) -> str:
    return str(_traditional().convert(text))


def spaced(text: str) -> str:
    return "　" + " ".join(text[i : i + 3] for i in range(0, len(text), 3)) + "\n"


def with_emoji(text: str) -> str:
    return f"😭{text[: len(text) // 2]}[流泪]{text[len(text) // 2 :]}🙏🙏❗"


def test_sixty_messages() -> None:
    assert len(set(MESSAGES)) == 60


@pytest.mark.parametrize("change", [full_width, traditional, spaced, with_emoji])
def test_the_category_stays(pipeline: Pipeline, change: Callable[[str], str]) -> None:
    changed = [(text, change(text)) for text in MESSAGES]
    moved = [new for old, new in changed if pipeline.parse(old).category != pipeline.parse(new).category]
    assert len(moved) <= (1 - KEPT) * len(MESSAGES), moved
